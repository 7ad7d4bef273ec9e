// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/engine/operation.h>
#include <bight/engine/timer.h>
#include <bight/error.h>
#include <bight/family.h>
#include <bight/file_descriptor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bight::engine {

struct ListenOptions {
    int backlog = 1024;
    bool reuse_address = true;
    bool reuse_port = false;
    bool dualstack = false;  // of an IPv6 listener: IPv4 as well
};

struct DatagramOptions {
    bool reuse_port = false;
    bool broadcast = false;
    bool trains = false;  // UDP_GRO, where the kernel has it
};

/// What a socket is to be for: fixed when it is adopted.
enum class Role : std::uint8_t { stream, listener, datagram };

/// What an engine that has names of its own knows of one.
struct Resolved {
    std::vector<Address> addresses;
    int error = 0;     // EAI_… instead
    Duration after{};  // how long the answer takes
};

/// How a loop reaches the kernel, or the simulation. One thread's, but for wake().
///
/// What has completed is put into the queue that the engine was made with; the loop runs it.
class Engine {
public:
    explicit Engine(RunQueue& ready) noexcept : ready_(ready) {}
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// Every channel must have been dropped before.
    virtual ~Engine() = default;

    virtual std::string_view name() const noexcept = 0;

    // ---- Sockets. ----------------------------------------------------------------------------------------------------

    /// A listener at `where`.
    virtual Result<ChannelOwner> listen(const Address& where, const ListenOptions& options) noexcept = 0;

    /// A stream that is to be connected; bound to `from` if there is one.
    virtual Result<ChannelOwner> open_stream(Family family, const Address* from) noexcept = 0;

    /// A port for datagrams, bound to `local` and connected to `remote` if there are such.
    virtual Result<ChannelOwner> open_datagrams(Family family, const Address* local, const Address* remote,
                                                const DatagramOptions& options) noexcept = 0;

    /// Takes charge of an open socket.
    virtual Result<ChannelOwner> adopt(FileDescriptor fd, Role role) noexcept = 0;

    /// A descriptor of somebody else's, for Verb::readable and Verb::writable alone: neither its flags nor its life
    /// are touched.
    virtual Result<ChannelOwner> watch(int fd) noexcept = 0;

    /// Where this engine has names of its own; otherwise the system's resolver is to be asked.
    virtual std::optional<Resolved> resolve(const HostPort&) { return std::nullopt; }

    /// How many channels there can be: RLIMIT_NOFILE.
    virtual std::size_t channel_limit() const noexcept = 0;

    // ---- Time and turns. ---------------------------------------------------------------------------------------------

    virtual TimePoint now() noexcept = 0;

    /// Hands over what was started, and collects what has completed. With `wait`, waits for that: until `deadline` at the
    /// latest, or a wake(). Without, it may leave collecting to a later call where the last one was but a moment ago.
    virtual void run_once(bool wait, std::optional<TimePoint> deadline) noexcept = 0;

    /// The next run_once() leaves nothing to a later one.
    virtual void be_thorough() noexcept {}

    /// Hands over what was started, for nobody will call run_once() for a while.
    virtual void hand_over() noexcept {}

    /// Ends a wait, or the next one; from any thread.
    virtual void wake() noexcept = 0;

    // ---- Counters, for whoever watches. ------------------------------------------------------------------------------

    struct Counters {
        std::uint64_t turns = 0;        // calls of run_once()
        std::uint64_t completions = 0;  // operations that completed after a wait
        std::uint64_t no_buffers = 0;   // receives that found no buffer ready, and went another way
        std::uint64_t channels = 0;     // open now
    };
    const Counters& counters() const noexcept { return counters_; }

protected:
    RunQueue& ready_;
    Counters counters_;
};

}  // namespace bight::engine

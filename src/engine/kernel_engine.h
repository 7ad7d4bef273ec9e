// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/datagram_port.h"
#include "engine/engine.h"

#include <cstdint>

namespace bight::engine {

/// What the engines of real sockets share: how these come to be.
class KernelEngine : public Engine {
public:
    using Engine::Engine;

    Result<ChannelOwner> listen(const Address& where, const ListenOptions& options) noexcept override;
    Result<ChannelOwner> open_stream(Family family, const Address* from) noexcept override;
    Result<ChannelOwner> open_datagrams(Family family, const Address* local, const Address* remote,
                                        const DatagramOptions& options) noexcept override;
    TimePoint now() noexcept override;
    void run_once(bool wait, std::optional<TimePoint> deadline) noexcept final;
    void be_thorough() noexcept final { asked_ = {}; }
    void hand_over() noexcept final { turn(false, std::nullopt); }
    std::size_t channel_limit() const noexcept override;

protected:
    /// What run_once() says, at once.
    virtual void turn(bool wait, std::optional<TimePoint> deadline) noexcept = 0;

    /// Whether the kernel may have something to tell, or is to be handed something.
    virtual bool is_in_use() const noexcept { return counters_.channels > 0; }

    /// Whether something is to be handed over that cannot wait until the kernel is asked.
    virtual bool has_requests() const noexcept { return false; }

    /// Whether adopt() wants its sockets to be so already.
    virtual bool wants_nonblocking() const noexcept = 0;

    DatagramBatches datagrams_;

private:
    Result<FileDescriptor> open(Family family, Kind kind) const noexcept;

    TimePoint asked_{};  // when others were to run, too
};

/// The calls of a channel that never wait, and so are the same on every engine of real sockets.
class KernelChannel : public Channel {
public:
    bool at_end() const noexcept override { return false; }
    bool has_input() const noexcept override;
    Result<void> shutdown(int how) noexcept override;
    Result<Address> local() const noexcept override;
    Result<Address> peer() const noexcept override;
    Result<void> set_option(int level, int option, Bytes value) noexcept override;
    Result<std::size_t> get_option(int level, int option, MutableBytes value) const noexcept override;
    Result<void> passes_fds() noexcept override;
    int fileno() noexcept override { return fd_; }
    bool lend() noexcept override;
    void give_back() noexcept override;

    // What is not of a channel's role is a bug of the library's.
    Buffer take(const Operation&) override { return {}; }
    AcceptedChannel take_accepted() override { return {}; }
    ReceivedDatagram take_datagram() override { return {}; }

protected:
    explicit KernelChannel(int fd) noexcept : fd_(fd) {}
    ~KernelChannel() = default;

    int fd_;

private:
    static constexpr unsigned most_loans = 63;

    // One byte, for there may be very many of these.
    std::uint8_t loans_ : 6 = 0;
    bool blocks_ : 1 = false;      // when it is not lent
    bool passes_fds_ : 1 = false;  // it is known that it does
};

}  // namespace bight::engine

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/asyncio/loop.h>
#include <bight/asyncio/task.h>
#include <bight/asyncio/task_group.h>
#include <bight/engine/timer.h>
#include <bight/error.h>
#include <bight/time.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace bight::engine::sim {
struct Host;
}

namespace bight::testing {

class Simulation;

/// What a simulation has found: everybody waits for ever, it does not end, or something is left over.
class SimulationError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What the kernels of a simulation do to programs. All of it is what real ones may do, only more often.
struct SimulationOptions {
    std::uint64_t seed = 1;
    std::optional<Duration> start{};                     // of the clock; unset: the seed picks, often just below a wrap
    Duration turn = std::chrono::microseconds(20);       // what a turn of the loop takes, at the most
    double late = 0.25;                                  // completions that are told some turns later
    double short_transfers = 0.25;                       // reads and writes that move less than they could
    bool shuffles = true;                                // what is ready runs, and arrives, in any order; else in turn
    std::size_t stream_buffer = std::size_t{128} << 10;  // what a stream takes before its reader must read
    std::size_t datagram_buffer = std::size_t{200} << 10;  // what a port holds; the rest is lost
    std::size_t channels = 20'000;                         // past these: EMFILE
    std::uint64_t max_turns = 10'000'000;                  // then it is taken to be endless: SimulationError

    /// Nothing is late, short or out of turn.
    static SimulationOptions calm() noexcept { return {.late = 0, .short_transfers = 0, .shuffles = false}; }
};

/// The way between two hosts, the same in both directions. What is lost of a stream is sent again, and so only comes later.
struct LinkOptions {
    Duration delay{};
    Duration jitter{};       // on top of it, at the most; datagrams overtake one another by it
    double loss = 0;         // of packets
    double duplicate = 0;    // of datagrams
    std::uint64_t rate = 0;  // bytes in a second; 0: no bound
};

/// What has gone over all links. The bytes written are the sum of those read, lost and held.
struct SimulationTotals {
    std::uint64_t bytes_written = 0;
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_lost = 0;       // with connections that were reset, or closed before all was read
    std::uint64_t bytes_held = 0;       // on their way now
    std::uint64_t most_bytes_held = 0;  // ever
    std::uint64_t datagrams_sent = 0;
    std::uint64_t datagrams_received = 0;
    std::uint64_t datagrams_lost = 0;
    std::uint64_t datagrams_doubled = 0;
    std::uint64_t turns = 0;
};

namespace detail {
struct SimulationState;

/// While it lives, tasks that are begun are of that host.
class OnHost {
public:
    OnHost(SimulationState& simulation, engine::sim::Host& host) noexcept;
    ~OnHost();
    OnHost(const OnHost&) = delete;
    OnHost& operator=(const OnHost&) = delete;

private:
    SimulationState& simulation_;
    asyncio::detail::TaskState* before_;
    asyncio::detail::RareState rare_;
    asyncio::detail::TaskState stand_in_;
};
}  // namespace detail

/// A machine of a simulation. Tasks that a task of it begins are of it too. Its loopback and its Unix addresses are its own.
class Host {
public:
    Host(detail::SimulationState& simulation, engine::sim::Host& host) noexcept
        : simulation_(simulation), host_(host) {}
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    const std::string& name() const noexcept;

    /// Its first address, with that port.
    Address address(int port) const;

    /// Begins `function(arguments...)`, a coroutine, here. It runs once the simulation does, and is cancelled when that ends.
    template <class Function, class... Arguments>
    auto run(Function&& function, Arguments&&... arguments) {
        detail::OnHost here(simulation_, host_);
        return loop().create_task(
            asyncio::detail::call(std::forward<Function>(function), std::forward<Arguments>(arguments)...));
    }

    /// Loses power: its tasks are cancelled, its connections and listeners gone, and nobody is told. Until restart() what is
    /// sent to it is lost; after it, old connections are reset.
    void crash();
    void restart() noexcept;

private:
    friend class Simulation;
    asyncio::EventLoop& loop() const noexcept;

    detail::SimulationState& simulation_;
    engine::sim::Host& host_;
};

/// A network of hosts in memory, with a clock of its own: a loop's kernel, without one system call.
///
/// Everything in it follows from the seed: the order of what is ready, delays, losses. So what fails with a seed fails with
/// it always. Time passes when nothing else is to be done: an hour of sleep() costs nothing. For one thread.
class Simulation {
public:
    explicit Simulation(const SimulationOptions& options = {});
    ~Simulation();
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;

    // ---- The network. ------------------------------------------------------------------------------------------------

    /// The host of that name; made where there is none, with these addresses, else 10.77.0.N and fd77::N. Its name resolves
    /// to them. Raises ValueError for what another one has.
    Host& host(std::string_view name, std::initializer_list<std::string_view> addresses = {});

    /// Where the task given to run() is: "main", 192.0.2.1 and 2001:db8::1.
    Host& main() noexcept;

    void link(const Host& a, const Host& b, const LinkOptions& options);

    /// Those that were not described yet.
    void link_all(const LinkOptions& options);

    /// Nothing passes between them, and nobody is told; what streams have sent is sent again after heal(). Without that,
    /// writers get ETIMEDOUT after a quarter of an hour.
    void partition(const Host& a, const Host& b);
    void heal(const Host& a, const Host& b);

    /// Resets every connection between them; returns how many.
    std::size_t reset_connections(const Host& a, const Host& b);

    /// What a name resolves to, for everybody: after a while, if so. With no addresses it is unknown: GaiError.
    void name(std::string_view name, std::initializer_list<std::string_view> addresses, Duration after = {});

    /// The process stands still: the clock goes on, and all that has come meanwhile is there at once.
    void stall(Duration how_long) noexcept;

    // ---- Running. ----------------------------------------------------------------------------------------------------

    /// Runs until `task` has ended, then cancels what is left of the others and waits for that. Returns what it returned,
    /// or raises what it raised. Raises SimulationError where everybody waits for what will never come, and otherwise the
    /// first error of a task that nobody waited for.
    template <class T>
    T run(Task<T> task) {
        if constexpr (std::is_void_v<T>) {
            std::exception_ptr error;
            try {
                loop().run_until_complete(std::move(task));
            } catch (...) {
                error = std::current_exception();
            }
            finish(error);
        } else {
            std::optional<T> result;
            std::exception_ptr error;
            try {
                result.emplace(loop().run_until_complete(std::move(task)));
            } catch (...) {
                error = std::current_exception();
            }
            finish(error);
            return std::move(*result);
        }
    }

    /// The loop under it: for callbacks, and set_exception_handler().
    asyncio::EventLoop& loop() noexcept;

    // ---- What was seen. ----------------------------------------------------------------------------------------------

    std::uint64_t seed() const noexcept;
    engine::TimePoint time() const noexcept;

    /// Everything that has happened, as a number: the same for the same seed.
    std::uint64_t trace_hash() const noexcept;

    SimulationTotals totals() const noexcept;

    /// Lets all arrive that is on its way. Then raises SimulationError where a task, a socket, a timer or an operation is
    /// left, or a byte is unaccounted for.
    void check_nothing_left();

    /// A number below `bound`, by the seed: for what a test itself leaves to chance.
    std::uint64_t random(std::uint64_t bound) noexcept;

private:
    friend struct detail::SimulationState;

    /// After a run: cancels what is left, and raises what has gone wrong.
    void finish(const std::exception_ptr& error);

    std::unique_ptr<detail::SimulationState> state_;
};

}  // namespace bight::testing

// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/stream.h>
#include <bight/asyncio/task_group.h>
#include <bight/asyncio/timeouts.h>
#include <bight/socket.h>

#include "asyncio/loop_state.h"
#include "asyncio/resolve.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

namespace bight::asyncio {
namespace {

struct ConnectWait : detail::ChannelWait {
    ConnectWait(engine::Channel& from, const Address& to) noexcept : ChannelWait(from, engine::Verb::connect) {
        address = &to;
    }
    int await_resume() const {
        raise_if_cancelled();
        return static_cast<int>(-result);
    }
};

// A Unix listener whose queue is full does not keep who connects waiting: unix(7). It is asked again, ever more seldom.
constexpr Duration first_pause = std::chrono::milliseconds(1);
constexpr Duration longest_pause = std::chrono::milliseconds(50);

Task<Stream> connect_to(Address address, const Address* from) {
    auto& engine = *detail::Loop::running().engine;
    Duration pause = first_pause;
    while (true) {
        auto channel = engine.open_stream(address.family(), from);
        if (!channel) raise_os_error(channel.error(), "connect to " + address.to_string());
        ConnectWait connect(**channel, address);
        int errnum = co_await connect;
        if (errnum == 0) co_return Stream(std::move(*channel));
        bool is_busy = errnum == EAGAIN && address.family() == Family::unix_domain;
        if (!is_busy) raise_os_error(errnum, "connect to " + address.to_string());
        co_await sleep(pause);
        pause = std::min(pause * 2, longest_pause);
    }
}

/// RFC 8305, section 4: families alternate, beginning with that of the first.
std::vector<Address> interleave(const std::vector<Address>& found) {
    std::vector<Address> first, second, all;
    for (auto& address : found) (address.family() == found.front().family() ? first : second).push_back(address);
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) all.push_back(first[i]);
        if (i < second.size()) all.push_back(second[i]);
    }
    return all;
}

/// Attempts under way, and what became of them.
struct Race {
    std::optional<Stream> winner;
    std::exception_ptr error;  // of the attempt that failed last
    std::size_t running = 0;
    detail::QueuedWaiter* waiting = nullptr;

    void changed() noexcept {
        if (waiting) detail::running_loop->ready.push(*std::exchange(waiting, nullptr));
    }
};

/// Waits until an attempt has ended.
struct RaceWait : detail::QueuedWaiter {
    explicit RaceWait(Race& awaited) noexcept : QueuedWaiter(&end), race(awaited) {}
    static void end(Waiter& waiter) noexcept {
        auto& wait = static_cast<RaceWait&>(waiter);
        wait.was_cancelled = true;
        wait.race.changed();
    }
    bool await_ready() noexcept {
        was_cancelled = detail::is_cancelled(*detail::running_loop);
        return was_cancelled;
    }
    void await_suspend(detail::TaskCoroutine coroutine) noexcept {
        suspend(coroutine);
        race.waiting = this;
    }
    void await_resume() const {
        if (was_cancelled) detail::raise_cancelled();
    }
    Race& race;
    bool was_cancelled = false;
};

Task<> attempt(Race* race, Address address, const Address* from) {
    try {
        Stream stream = co_await connect_to(address, from);
        if (!race->winner) race->winner.emplace(std::move(stream));
    } catch (const std::exception&) {
        race->error = std::current_exception();
    }
    --race->running;
    race->changed();
}

Task<> wait_for_change(Race* race) {
    RaceWait wait(*race);
    co_await wait;
}

Task<Stream> connect_to_any(std::vector<Address> addresses, ConnectOptions options) {
    if (addresses.size() == 1) co_return co_await connect_to(addresses.front(), options.local_addr);
    Race race;
    TaskGroup attempts;
    std::exception_ptr cancelled;
    try {
        for (std::size_t next = 0; !race.winner && (next < addresses.size() || race.running > 0);) {
            if (next < addresses.size()) {
                ++race.running;
                attempts.spawn(attempt, &race, addresses[next++], options.local_addr);
            }
            Timeout delay = next < addresses.size() ? options.happy_eyeballs_delay : Timeout();
            try {
                co_await wait_for(wait_for_change(&race), delay);
            } catch (const TimeoutError&) {}  // the next one's turn
        }
    } catch (...) {
        cancelled = std::current_exception();
    }
    attempts.cancel();
    co_await shield(attempts.join());
    if (cancelled) std::rethrow_exception(cancelled);
    if (!race.winner) std::rethrow_exception(race.error);
    co_return std::move(*race.winner);
}

Task<Stream> resolve_and_connect(HostPort where, ConnectOptions options) {
    auto addresses = co_await detail::resolve(where);
    addresses = interleave(addresses);
    co_return co_await connect_to_any(std::move(addresses), options);
}

}  // namespace

Task<Stream> open_connection(HostPort where, ConnectOptions options) {
    try {
        co_return co_await wait_for(resolve_and_connect(where, options), options.timeout);
    } catch (const TimeoutError& error) {
        if (std::string_view(error.what()).find("connect") != std::string_view::npos) throw;  // the kernel's
    }
    throw TimeoutError(ETIMEDOUT, "connect to " + where.to_string());
}

Task<Stream> open_unix_connection(std::string path, ConnectOptions options) {
    HostPort where(Address::unix_path(path));
    co_return co_await open_connection(where, options);
}

Stream open_stream(Socket socket) {
    FileDescriptor fd(socket.detach());
    auto channel = detail::Loop::running().engine->adopt(std::move(fd), engine::Role::stream);
    if (!channel) raise_os_error(channel.error(), "open_stream");
    return Stream(std::move(*channel));
}

}  // namespace bight::asyncio

// SPDX-License-Identifier: BSL-1.0
// Claim: a task costs little more than the coroutine that it is, going on through the loop's queue a tenth of Asio's post,
// and setting a timer anew a fifth of libevent's.
#include <bight/asyncio.h>

#include "support/claims.h"

#include <array>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdio>
#include <deque>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include <asio.hpp>
#if __has_include(<event2/event.h>)
#include <event2/event.h>
#endif

namespace {

using bench::Claim;
using bench::Side;
using bight::Task;
namespace asyncio = bight::asyncio;
using namespace std::chrono_literals;

constexpr long together = 64;  // tasks at a time
constexpr std::size_t timers = 10'000;

long ran = 0;

std::shared_ptr<asyncio::EventLoop> loop(asyncio::EngineChoice engine) {
    return std::make_shared<asyncio::EventLoop>(asyncio::LoopOptions{.engine = engine});
}

// ---- A coroutine, and a task. ------------------------------------------------------------------------------------------

/// The least that the language admits.
struct Bare {
    struct promise_type {
        Bare get_return_object() noexcept { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> frame;
};

[[gnu::noinline]] Bare count_bare() {
    ++ran;
    co_return;
}

[[gnu::noinline]] Task<> count_as_task() {
    ++ran;
    co_return;
}

asio::awaitable<void> count_with_asio() {
    ++ran;
    co_return;
}

void run_bare(long turns) {
    for (long i = 0; i < turns; ++i) {
        auto coroutine = count_bare();
        coroutine.frame.resume();
        coroutine.frame.destroy();
    }
}

/// As many at a time as in a group of tasks, through a queue.
void run_bare_queued(long turns) {
    std::vector<std::coroutine_handle<>> queue;
    for (long left = turns; left > 0; left -= together) {
        for (long i = 0; i < together && i < left; ++i) queue.push_back(count_bare().frame);
        for (auto frame : queue) {
            frame.resume();
            frame.destroy();
        }
        queue.clear();
    }
}

Task<> spawn_tasks(long turns) {
    for (long left = turns; left > 0; left -= together) {
        asyncio::TaskGroup group;
        for (long i = 0; i < together && i < left; ++i) group.spawn(count_as_task);
        co_await group.join();
    }
}

Side tasks() {
    return
        [running = loop(asyncio::EngineChoice::epoll)](long turns) { running->run_until_complete(spawn_tasks(turns)); };
}

Side asio_tasks() {
    return [context = std::make_shared<asio::io_context>(1)](long turns) {
        for (long left = turns; left > 0; left -= together) {
            for (long i = 0; i < together && i < left; ++i) asio::co_spawn(*context, count_with_asio(), asio::detached);
            context->restart();
            context->run();
        }
    };
}

// ---- Going on through the queue. ---------------------------------------------------------------------------------------

Task<> yield(long turns) {
    for (long i = 0; i < turns; ++i) co_await asyncio::sleep(0s);
}

Task<> yield_together(long coroutines, long turns) {
    asyncio::TaskGroup group;
    for (long i = 0; i < coroutines; ++i) group.spawn(yield, turns / coroutines);
    co_await group.join();
}

asio::awaitable<void> yield_with_asio(long turns) {
    for (long i = 0; i < turns; ++i) co_await asio::post(asio::use_awaitable);
}

Side yields(long coroutines) {
    return [coroutines, running = loop(asyncio::EngineChoice::epoll)](long turns) {
        running->run_until_complete(yield_together(coroutines, turns));
    };
}

Side asio_yields(long coroutines) {
    return [coroutines, context = std::make_shared<asio::io_context>(1)](long turns) {
        for (long i = 0; i < coroutines; ++i)
            asio::co_spawn(*context, yield_with_asio(turns / coroutines), asio::detached);
        context->restart();
        context->run();
    };
}

// ---- Timers. -----------------------------------------------------------------------------------------------------------

/// Deadlines of one task, the last of which is the innermost.
struct Deadlines {
    ~Deadlines() {
        while (!all.empty()) all.pop_back();
    }
    std::deque<asyncio::detail::Deadline> all;
};

Task<> keep(Deadlines*& seen) {
    Deadlines deadlines;
    for (std::size_t i = 0; i < timers; ++i) deadlines.all.emplace_back(bight::Timeout(1h));
    seen = &deadlines;
    co_await asyncio::sleep(24h);
}

/// What is set is what a connection would: some tens of seconds from now, each time a little later.
Task<> rearm(Deadlines& deadlines, long turns) {
    auto now = asyncio::get_running_loop().time();
    for (long i = 0; i < turns; ++i) {
        auto when = now + 30s + std::chrono::microseconds(i);
        deadlines.all[static_cast<std::size_t>(i) * 7919 % timers].reschedule(&when);
    }
    co_return;
}

Side our_timers() {
    struct Kept {
        std::shared_ptr<asyncio::EventLoop> running = loop(asyncio::EngineChoice::epoll);
        Deadlines* deadlines = nullptr;
    };
    auto kept = std::make_shared<Kept>();
    kept->running->create_task(keep(kept->deadlines));
    kept->running->run_until_complete(yield(1));
    return [kept](long turns) { kept->running->run_until_complete(rearm(*kept->deadlines, turns)); };
}

// ---- A wait, with and without timers. ----------------------------------------------------------------------------------

Task<> echo(bight::Stream client) {
    while (auto data = co_await client.read()) co_await client.write(data);
}

/// A connection to an echo in the same loop: what each wait for it costs.
Task<> keep_connection(bight::Stream*& seen) {
    auto server = asyncio::start_server(bight::HostPort("127.0.0.1", 0), echo);
    auto client = co_await asyncio::open_connection(bight::HostPort(server.addresses().front()));
    seen = &client;
    co_await server.serve_forever();
}

Task<> go_round(bight::Stream& client, long turns) {
    for (long i = 0; i < turns; ++i) {
        co_await client.write("ping");
        (void)co_await client.read();
    }
}

Side round_trips(bool beside_deadlines) {
    struct Kept {
        std::shared_ptr<asyncio::EventLoop> running = loop(asyncio::EngineChoice::epoll);
        Deadlines* deadlines = nullptr;
        bight::Stream* client = nullptr;
    };
    auto kept = std::make_shared<Kept>();
    if (beside_deadlines) kept->running->create_task(keep(kept->deadlines));
    kept->running->create_task(keep_connection(kept->client));
    while (!kept->client) kept->running->run_until_complete(yield(1));
    return [kept](long turns) { kept->running->run_until_complete(go_round(*kept->client, turns)); };
}

#if __has_include(<event2/event.h>)
struct LibeventTimers {
    LibeventTimers() {
        for (auto& timer : all) {
            timer = event_new(base, -1, 0, [](evutil_socket_t, short, void*) {}, nullptr);
            timeval later{3600, 0};
            event_add(timer, &later);
        }
    }
    LibeventTimers(const LibeventTimers&) = delete;
    LibeventTimers& operator=(const LibeventTimers&) = delete;
    ~LibeventTimers() {
        for (auto* timer : all) event_free(timer);
        event_base_free(base);
    }
    event_base* base = event_base_new();
    std::array<event*, timers> all;
};

Side libevent_timers() {
    return [set = std::make_shared<LibeventTimers>()](long turns) {
        for (long i = 0; i < turns; ++i) {
            timeval later{30, i % 1'000'000};
            event_add(set->all[static_cast<std::size_t>(i) * 7919 % timers], &later);
        }
    };
}
#endif

std::vector<Claim> claims() {
    std::vector<Claim> all = {
        {"spawn + run a task / bare coroutine", 1.5, 0, tasks(), run_bare},
        {"spawn + run a task / coroutine in a vector", 0, 0, tasks(), run_bare_queued},
        {"spawn + run a task / Asio's co_spawn", 0, 0, tasks(), asio_tasks()},
        {"go on by the queue, 64 tasks / Asio's post", 0.1, 0, yields(together), asio_yields(together)},
        {"go on by the queue, 1 task / Asio's post", 0, 0, yields(1), asio_yields(1)},
        {"a round trip beside 10,000 deadlines / none", 0, 0, round_trips(true), round_trips(false)},
    };
#if __has_include(<event2/event.h>)
    all.push_back({"a deadline anew, of 10,000 / libevent", 0.2, 0, our_timers(), libevent_timers()});
#else
    std::fputs("libevent is not installed: no row against its timers\n", stderr);
#endif
    return all;
}

}  // namespace

int main(int argc, char** argv) { return bench::run_claims(argc, argv, claims); }

// SPDX-License-Identifier: BSL-1.0
/// Tasks that many tests start.
#pragma once

#include <bight/asyncio.h>

#include "support/faults.h"

#include <atomic>
#include <chrono>
#include <string>
#include <utility>

namespace bight::asyncio {

inline Task<int> after(Duration delay, int value) {
    co_await sleep(delay);
    co_return value;
}

inline Task<> for_ever() { co_await sleep(std::chrono::hours(24)); }

/// Lets others have some turns.
inline Task<> settle(int turns = 5) {
    for (int i = 0; i < turns; ++i) co_await sleep(Duration::zero());
}

inline Task<> echo(Stream client) {
    while (auto data = co_await client.read()) co_await client.write(data);
}

/// All of it, and the end.
inline Task<> send(Stream* stream, std::string data) {
    co_await stream->write(data);
    stream->write_eof();
}

/// How often the loop asks the kernel in 50 ms in which nothing happens.
inline Task<int> calls_in_a_while() {
    std::atomic<int> calls = 0;
    testing::Faults count([&calls](sys::Call call) -> sys::Fault {
        if (call == sys::Call::io_uring_enter || call == sys::Call::epoll_wait) ++calls;
        return {};
    });
    co_await sleep(std::chrono::milliseconds(50));
    co_return calls.load();
}

}  // namespace bight::asyncio

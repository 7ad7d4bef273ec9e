// SPDX-License-Identifier: BSL-1.0
// expect: awaits ensure_future\(\) of this
// Whatever task runs at the moment would be taken for the one that waits.
#include <bight/asyncio.h>

#include <chrono>
#include <coroutine>

struct Other {
    struct promise_type {
        Other get_return_object() { return {}; }
        std::suspend_never initial_suspend() { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() {}
    };
};

Other right() { co_await bight::asyncio::ensure_future(bight::asyncio::sleep(std::chrono::seconds(1))); }
Other wrong() {
    co_await bight::asyncio::sleep(std::chrono::seconds(1));  // misuse
}

// SPDX-License-Identifier: BSL-1.0
// expect: awaits ensure_future\(task\)
// A coroutine that is no Task would run the task as part of whatever task runs at the moment.
#include <bight/asyncio.h>

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

bight::Task<int> seven() { co_return 7; }

Other right() { (void)co_await bight::asyncio::ensure_future(seven()); }
Other wrong() {
    (void)co_await seven();  // misuse
    co_return;
}

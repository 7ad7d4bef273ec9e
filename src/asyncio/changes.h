// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/task.h>
#include <bight/asyncio/wait_list.h>

#include <coroutine>

namespace bight::asyncio::detail {

/// `co_await ChangeWait(list)`: waits until somebody says list.wake_all().
struct [[nodiscard]] ChangeWait : ListedWaiter {
    explicit ChangeWait(WaitList& where) noexcept : ListedWaiter(&end_wait), list(&where) {}

    bool await_ready() noexcept { return begin(); }
    void await_suspend(TaskCoroutine coroutine) noexcept { enlist(coroutine, *list); }
    void await_resume() const { raise_if_cancelled(); }
    static void end_wait(Waiter& waiter) noexcept {
        auto& wait = static_cast<ChangeWait&>(waiter);
        (void)wait.end(*wait.list);
    }

    WaitList* list;
};

/// The same as a coroutine.
inline Task<> wait_for_change(WaitList* list) {
    ChangeWait change(*list);
    co_await change;
}

}  // namespace bight::asyncio::detail

// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/threads.h>

#include "asyncio/loop_state.h"
#include "asyncio/thread_pool.h"
#include "blocking/deadline.h"
#include "blocking/or_raise.h"
#include "sys/threads.h"

#include <cerrno>

namespace bight::asyncio::detail {

// ---- Out of the loop. --------------------------------------------------------------------------------------------------

bool ThreadWait::await_ready() noexcept {
    was_cancelled = is_cancelled(*running_loop);
    return was_cancelled;
}

void ThreadWait::await_suspend(TaskCoroutine coroutine) {
    call->waiting = this;
    Loop::running().threads().submit(call);  // where it raises nothing is suspended
    suspend(coroutine);
}

void ThreadWait::end(Waiter& waiter) noexcept {
    auto& wait = static_cast<ThreadWait&>(waiter);
    auto& loop = Loop::running();
    if (!loop.threads().abandon(wait.call)) return;  // its end is on the way already
    wait.was_cancelled = true;
    loop.ready.push(wait);
}

// ---- Into the loop. ----------------------------------------------------------------------------------------------------

void RemoteTask::wait(Timeout limit) const {
    bool would_wait_for_itself = running_loop && !done() && Loop::running().facade == loop_;
    if (would_wait_for_itself) throw RuntimeError("result() in the thread of the loop would wait for ever");
    bight::Deadline deadline(limit);
    while (!done()) {
        auto woken = sys::wait_while(phase_, running, deadline.left());
        if (woken) continue;
        if (woken.error().number() != EINTR) raise_os_error(woken.error(), "result");
        interrupted();
    }
}

bool RemoteTask::cancel(std::shared_ptr<RemoteTask> self) {
    std::lock_guard lock(mutex_);
    if (done()) return false;
    loop_->call_soon_threadsafe([task = std::move(self)] {
        if (!task->done()) task->task_.cancel();
    });
    return true;
}

void RemoteTask::ended(bool cancelled) noexcept {
    TaskHandle<void> handle(std::move(task_));  // goes in the loop's thread
    std::lock_guard lock(mutex_);
    phase_.store(cancelled ? was_cancelled : has_ended, std::memory_order_release);
    sys::wake_all(phase_);
}

}  // namespace bight::asyncio::detail

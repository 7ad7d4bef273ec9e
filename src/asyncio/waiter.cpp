// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/task_state.h>
#include <bight/asyncio/waiter.h>

#include "asyncio/task_access.h"

#include <bight/error.h>

#include <cerrno>

namespace bight::asyncio::detail {

constinit thread_local LoopCore* running_loop = nullptr;

void raise_no_running_loop() { throw RuntimeError("no running event loop"); }
void raise_cancelled() { throw Cancelled(); }

// ---- Waiter. -----------------------------------------------------------------------------------------------------------

void Waiter::resume() noexcept {
    TaskState* task = task_;
    LoopCore& core = *running_loop;
    core.current = task;
    core.spent = 0;
    if (task) {
        task->place.leaf = nullptr;
        core.last_task = task->id;
    }
    coroutine_.resume();
    core.current = nullptr;
    if (task) TaskAccess::leave(*task);
}

void QueuedWaiter::resume_queued(engine::Runnable& runnable) noexcept { static_cast<QueuedWaiter&>(runnable).resume(); }

// ---- ChannelWait. ------------------------------------------------------------------------------------------------------

namespace {

// Datagrams come by batches: one that is received, answered and followed by a receive that waits is within it.
constexpr unsigned datagram_budget = 2 * budget + 2;

unsigned budget_for(engine::Verb verb) noexcept {
    return verb == engine::Verb::receive_from || verb == engine::Verb::send_to ? datagram_budget : budget;
}

}  // namespace

bool ChannelWait::await_ready() noexcept {
    LoopCore& core = *running_loop;
    if (is_cancelled(core)) [[unlikely]] {
        cancelled = true;
        finish(-ECANCELED);
        return true;
    }
    // Past the budget the others have their turn first: the channel then does it when it is this one's again.
    return ++core.spent < budget_for(verb) && channel->attempt(*this);
}

void ChannelWait::await_suspend(TaskCoroutine coroutine) noexcept {
    static_assert(cancelled_errnum == ECANCELED);
    suspend(coroutine);
    run = &run_ready;
    channel->start(*this);
}

void ChannelWait::cancel_operation(Waiter& waiter) noexcept {
    auto& wait = static_cast<ChannelWait&>(waiter);
    if (wait.is_waiting()) return wait.channel->cancel(wait);
    if (wait.state == State::idle) wait.cancelled = true;  // it rests
}

void ChannelWait::run_ready(engine::Runnable& runnable) noexcept {
    auto& wait = static_cast<ChannelWait&>(runnable);
    if (wait.proceed()) wait.resume();
}

}  // namespace bight::asyncio::detail

// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/task_group.h>

#include <bight/error.h>

#include "asyncio/loop_state.h"

#include <utility>

namespace bight::asyncio {

TaskGroup::~TaskGroup() {
    if (size() == 0) return;
    cancel_all();
    hand_over(detail::root_of(*this));
}

void TaskGroup::failed(std::exception_ptr error) noexcept {
    try {
        errors_.push_back(std::move(error));
    } catch (...) {}  // no memory: the group has failed all the same
    cancel();
}

void TaskGroup::ended(detail::TaskState& task) noexcept {
    if (task.outcome == detail::TaskState::Outcome::raised) {
        failed(task.frame.promise().error);
        if (body_) body_->cancel();
    }
    if (size() == 0 && joining_) detail::running_loop->ready.push(*std::exchange(joining_, nullptr));
}

struct TaskGroup::Join : detail::QueuedWaiter {
    explicit Join(TaskGroup& joined) noexcept : QueuedWaiter(&cancel_children), group(joined) {}

    // Not ended by a cancellation: that goes to the children, whose ends end this.
    static void cancel_children(detail::Waiter& waiter) noexcept {
        auto& join = static_cast<Join&>(waiter);
        join.was_cancelled = true;
        join.group.cancel();
    }

    bool await_ready() noexcept {
        if (group.size() == 0) return true;
        if (detail::is_cancelled(*detail::running_loop)) cancel_children(*this);
        return false;
    }
    void await_suspend(detail::TaskCoroutine coroutine) noexcept {
        suspend(coroutine);
        group.joining_ = this;
    }
    bool await_resume() const noexcept { return was_cancelled; }

    TaskGroup& group;
    bool was_cancelled = false;
};

bool TaskGroup::is_join(const detail::Waiter& waiter) noexcept {
    return waiter.is_cancelled_by(&Join::cancel_children);
}

Task<> TaskGroup::join() {
    if (joining_) throw BusyError("join: another task waits in it already");
    Join join(*this);
    bool was_cancelled = co_await join;
    auto errors = std::exchange(errors_, {});
    cancelled_ = false;
    if (errors.size() == 1) std::rethrow_exception(errors.front());
    if (!errors.empty()) throw ExceptionGroup("unhandled errors in a TaskGroup", std::move(errors));
    if (was_cancelled) detail::raise_cancelled();
}

}  // namespace bight::asyncio

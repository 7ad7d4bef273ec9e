// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/task_state.h>

#include "asyncio/loop_state.h"
#include "asyncio/task_access.h"

#include <cerrno>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

namespace bight::asyncio::detail {
namespace {

// What is rare is kept out of the way of what is not.

[[gnu::noinline, gnu::cold]] TaskState::Outcome outcome_of(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const Cancelled&) {
        return TaskState::Outcome::cancelled;
    } catch (...) {
        return TaskState::Outcome::raised;
    }
}

RareState& rare_of(TaskState& task) {
    if (!task.rare) task.rare = new RareState;
    return *task.rare;
}

[[gnu::noinline, gnu::cold]] void inherit(TaskState& task, const RareState& parents) {
    if (parents.context) rare_of(task).context = parents.context;
}

/// Told of its end, and forgotten.
[[gnu::noinline]] void tell_waiters(TaskState& task) noexcept {
    while (TaskWaiter* waiter = task.waiters) {
        task.waiters = waiter->next_waiter;
        waiter->task = nullptr;
        waiter->told(*waiter, task);
    }
}

/// Pointers to the one are pointers to the other.
static_assert(std::is_standard_layout_v<TaskState>);
TaskState& starting(engine::Runnable& start) noexcept { return reinterpret_cast<TaskState&>(start); }

}  // namespace

inline void TaskAccess::add(LoopCore& loop, TaskSet& set, TaskState& task) noexcept {
    task.set = &set;
    task.next_in_set = nullptr;
    task.previous_in_set = set.last_;
    (set.last_ ? set.last_->next_in_set : set.first_) = &task;
    set.last_ = &task;
    if (set.size_++ > 0) return;
    set.loop_ = &loop;
    set.owner_ = loop.current ? loop.current->id : 0;
    TaskSet*& first = static_cast<Loop&>(loop).sets;
    set.previous_ = nullptr;
    set.next_ = std::exchange(first, &set);
    if (set.next_) set.next_->previous_ = &set;
}

inline void TaskAccess::remove(TaskState& task) noexcept {
    TaskSet* set = task.set;
    if (!set) return;
    (task.previous_in_set ? task.previous_in_set->next_in_set : set->first_) = task.next_in_set;
    (task.next_in_set ? task.next_in_set->previous_in_set : set->last_) = task.previous_in_set;
    task.set = nullptr;
    if (--set->size_ > 0) return;
    (set->previous_ ? set->previous_->next_ : static_cast<Loop*>(set->loop_)->sets) = set->next_;
    if (set->next_) set->next_->previous_ = set->previous_;
}

// ---- A task's life. ----------------------------------------------------------------------------------------------------

TaskState& spawn(LoopCore& core, TaskSet& set, PromiseBase& promise) {
    auto frame = std::coroutine_handle<PromiseBase>::from_promise(promise);
    TaskState* task = nullptr;
    try {
        task = ::new (allocate_frame(sizeof(TaskState))) TaskState;
        task->frame = frame;
        if (core.current && core.current->rare) inherit(*task, *core.current->rare);
    } catch (...) {
        task ? destroy(*task) : frame.destroy();
        throw;
    }
    auto& loop = static_cast<Loop&>(core);
    task->id = ++loop.task_ids;
    ++loop.live_tasks;
    task->start.run = [](engine::Runnable& start) noexcept { TaskAccess::begin(starting(start)); };
    TaskAccess::add(core, set, *task);
    core.ready.push(task->start);
    return *task;
}

void destroy(TaskState& task) noexcept {
    if (task.frame) task.frame.destroy();
    delete task.rare;
    task.~TaskState();
    free_frame(&task, sizeof task);
}

void TaskAccess::begin(TaskState& task) noexcept {
    LoopCore& core = *running_loop;
    task.begin();
    if (task.cancelled_now) [[unlikely]] {  // as in Python, nothing of it runs
        std::exchange(task.frame, nullptr).destroy();
        task.outcome = TaskState::Outcome::cancelled;
        return finish(task);
    }
    core.last_task = task.id;
    core.current = &task;
    core.spent = 0;
    task.frame.resume();
    core.current = nullptr;
    leave(task);
}

void TaskAccess::report_lost(const TaskState& task) noexcept {
    try {
        auto error = std::make_exception_ptr(RuntimeError("awaits what is not of this library: say wrap_future()"));
        Loop::running().report(error, detail::name_of(task));
    } catch (...) {}  // no memory to say it
}

void TaskAccess::finish(TaskState& task) noexcept {
    if (task.frame) {
        const std::exception_ptr& error = task.frame.promise().error;
        task.outcome = error ? outcome_of(error) : TaskState::Outcome::returned;
    }
    auto& loop = *static_cast<Loop*>(running_loop);
    --loop.live_tasks;
    if (loop.debug) [[unlikely]]
        loop.note_end(task);
    if (task.waiters) tell_waiters(task);
    TaskSet* set = task.set;
    remove(task);
    if (set) set->ended(task);
    release(&task);
}

void set_name(TaskState& task, std::string_view name) { rare_of(task).name = name; }

void require_done(const TaskState& task) {
    if (task.outcome == TaskState::Outcome::running) throw InvalidStateError("Result is not ready.");
    if (task.outcome == TaskState::Outcome::cancelled) raise_cancelled();
}

std::string name_of(const TaskState& task) {
    return task.rare && task.rare->name ? *task.rare->name : "Task-" + std::to_string(task.id);
}

// ---- Waiting for one. --------------------------------------------------------------------------------------------------

namespace {

void cancel_task_waiter(Waiter& cancelled) noexcept {
    auto& waiter = static_cast<TaskWaiter&>(cancelled);
    if (!waiter.task) return;  // its end is on the way already
    forget_end(waiter);
    waiter.stopped_waiting = true;
    running_loop->ready.push(waiter);
}

void resume_task_waiter(TaskWaiter& waiter, const TaskState& ended) noexcept {
    waiter.was_cancelled = ended.outcome == TaskState::Outcome::cancelled;
    running_loop->ready.push(waiter);
}

}  // namespace

TaskWaiter::TaskWaiter(TaskState& awaited) noexcept
    : QueuedWaiter(&cancel_task_waiter), task(&awaited), told(&resume_task_waiter) {}

const TaskWaiter* TaskWaiter::of(const Waiter& waiter) noexcept {
    return waiter.is_cancelled_by(&cancel_task_waiter) ? static_cast<const TaskWaiter*>(&waiter) : nullptr;
}

void watch_for_end(TaskWaiter& waiter) noexcept {
    waiter.next_waiter = waiter.task->waiters;
    waiter.task->waiters = &waiter;
}

void forget_end(TaskWaiter& waiter) noexcept {
    if (!waiter.task) return;
    for (TaskWaiter** link = &waiter.task->waiters; *link; link = &(*link)->next_waiter) {
        if (*link != &waiter) continue;
        *link = waiter.next_waiter;
        break;
    }
    waiter.task = nullptr;
}

bool TaskWaiter::await_ready() noexcept {
    stopped_waiting = is_cancelled(*running_loop);
    if (stopped_waiting) return true;
    was_cancelled = task->outcome == TaskState::Outcome::cancelled;
    return task->outcome != TaskState::Outcome::running;
}

void TaskWaiter::await_suspend(TaskCoroutine coroutine) noexcept {
    suspend(coroutine);
    watch_for_end(*this);
}

void TaskWaiter::await_resume() {
    if (was_cancelled || stopped_waiting) raise_cancelled();
}

// ---- Sets. -------------------------------------------------------------------------------------------------------------

void TaskAccess::cancel_all(Loop& loop) noexcept {
    for (TaskSet* set = loop.sets; set; set = set->next_) set->cancel_all();
}

void TaskSet::cancel_all() noexcept {
    for (TaskState* task = first_; task; task = task->next_in_set) cancel(*task);
}

void TaskSet::hand_over(TaskSet& other) noexcept {
    while (TaskState* task = first_) {
        TaskAccess::remove(*task);
        TaskAccess::add(*loop_, other, *task);
    }
}

TaskSet& root_of(const TaskSet& set) noexcept { return static_cast<Loop&>(TaskAccess::loop(set)).root; }

// ---- Cancelling. -------------------------------------------------------------------------------------------------------

void cancel(TaskState& task) noexcept {
    if (task.outcome != TaskState::Outcome::running || !task.set) return;
    task.cancel_requested = true;
    // Also while its loop does not run: what it wakes is that loop's.
    LoopCore* running = std::exchange(running_loop, &TaskAccess::loop(*task.set));
    TaskAccess::reconsider(task);
    running_loop = running;
}

void TaskAccess::reconsider(TaskState& task) noexcept {
    bool cancelled = false;
    const CancelScope* scope = task.scope();
    for (; scope; scope = scope->outer_) {
        cancelled = scope->cancelled_;
        if (cancelled || scope->kind_ == CancelScope::Kind::shield) break;
    }
    if (!scope) cancelled = task.cancel_requested;
    bool is_new = cancelled && !task.cancelled_now;
    task.cancelled_now = cancelled;
    if (is_new && task.leaf()) task.leaf()->cancel();
}

CancelScope::CancelScope(Kind kind) noexcept : task_(running_loop->current), outer_(nullptr), kind_(kind) {
    if (!task_) return;
    outer_ = task_->place.scope;
    task_->place.scope = this;
    if (kind == Kind::shield) TaskAccess::reconsider(*task_);
}

CancelScope::~CancelScope() {
    if (!task_) return;
    task_->place.scope = outer_;
    TaskAccess::reconsider(*task_);
}

void CancelScope::cancel() noexcept {
    if (cancelled_) return;
    cancelled_ = true;
    if (task_) TaskAccess::reconsider(*task_);
}

bool CancelScope::caught_own() const noexcept {
    if (!cancelled_) return false;
    for (const CancelScope* scope = outer_; scope; scope = scope->outer_) {
        if (scope->cancelled_) return false;
        if (scope->kind_ == Kind::shield) return true;
    }
    return !task_ || kind_ == Kind::shield || !task_->cancel_requested;
}

// ---- Ends in time. -----------------------------------------------------------------------------------------------------

void raise_timed_out() { throw TimeoutError(ETIMEDOUT, "timed out"); }

Deadline::Alarm::Alarm(Deadline& owner) noexcept : deadline(&owner) {
    due = [](engine::Timer& timer) noexcept { static_cast<Alarm&>(timer).deadline->scope_.cancel(); };
}

Deadline::Deadline(Timeout limit) : alarm_(*this) {
    if (!limit) return;
    auto now = Loop::running().engine->now();
    if (*limit <= Duration::zero()) {
        when_ = now;
        scope_.cancel();
        return;
    }
    if (*limit < engine::TimePoint::max() - now) {
        engine::TimePoint when = now + *limit;
        reschedule(&when);
    }
}

Deadline::Deadline(engine::TimePoint when) : alarm_(*this) { reschedule(&when); }

Deadline::~Deadline() { Loop::running().timers.remove(alarm_); }

void Deadline::reschedule(const engine::TimePoint* when) {
    auto& timers = Loop::running().timers;
    timers.remove(alarm_);
    when_ = when ? std::optional(*when) : std::nullopt;
    if (!when) return;
    alarm_.when = *when;
    timers.add(alarm_);
}

}  // namespace bight::asyncio::detail

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/task.h>
#include <bight/asyncio/waiter.h>
#include <bight/time.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Tasks as the library sees them, and what cancels them.
namespace bight::asyncio::detail {

/// What few tasks have.
struct RareState {
    std::optional<std::string> name;
    void* context = nullptr;  // inherited from the task that spawned it: the host of a simulation
};

inline void* context_of(const TaskState& task) noexcept { return task.rare ? task.rare->context : nullptr; }

/// Waits for a task from another one.
struct TaskWaiter : QueuedWaiter {
    explicit TaskWaiter(TaskState& awaited) noexcept;
    bool await_ready() noexcept;
    void await_suspend(TaskCoroutine coroutine) noexcept;
    void await_resume();

    /// The same, if it is one; null otherwise.
    static const TaskWaiter* of(const Waiter& waiter) noexcept;

    TaskState* task;
    TaskWaiter* next_waiter = nullptr;
    void (*told)(TaskWaiter&, const TaskState& ended) noexcept;  // at its end; resumes the waiter, if not set otherwise
    bool was_cancelled = false;                                  // the awaited task
    bool stopped_waiting = false;                                // the one that waits
};

/// Has `waiter` told of its task's end, without anything that is suspended; and undoes that, where it was not told yet.
void watch_for_end(TaskWaiter& waiter) noexcept;
void forget_end(TaskWaiter& waiter) noexcept;

/// Tasks that somebody answers for. Ends none by itself.
class TaskSet {
public:
    TaskSet() noexcept = default;
    TaskSet(const TaskSet&) = delete;
    TaskSet& operator=(const TaskSet&) = delete;

    std::size_t size() const noexcept { return size_; }
    void cancel_all() noexcept;

    /// Gives all of them to `other`.
    void hand_over(TaskSet& other) noexcept;

    TaskState* first() const noexcept { return first_; }
    TaskState* last() const noexcept { return last_; }

protected:
    virtual ~TaskSet() = default;

private:
    friend struct TaskAccess;

    /// A member has ended, and is one no more.
    virtual void ended(TaskState& task) noexcept = 0;

    TaskState* first_ = nullptr;
    TaskState* last_ = nullptr;
    std::size_t size_ = 0;
    LoopCore* loop_ = nullptr;  // of the tasks that are in it
    TaskSet* next_ = nullptr;   // among those of the loop that have tasks
    TaskSet* previous_ = nullptr;
    std::uint64_t owner_ = 0;  // the number of the task that began the first of these; 0 for none
};

/// Begins a task soon, in `loop`, as a member of `set`. The frame is owned from here on, also where this raises.
TaskState& spawn(LoopCore& loop, TaskSet& set, PromiseBase& promise);

void destroy(TaskState& task) noexcept;
inline void hold(TaskState& task) noexcept { ++task.holders; }
inline void release(TaskState* task) noexcept {
    if (task && --task->holders == 0) destroy(*task);
}
void cancel(TaskState& task) noexcept;

/// The last handle of a task goes that nobody has asked for its error: to the exception handler of the loop that runs, or
/// to standard error.
[[gnu::cold]] void tell_of_error(const TaskState& task) noexcept;

/// For those that see how it ends.
inline void grasp(TaskState& task) noexcept {
    hold(task);
    ++task.handles;
}
inline void let_go(TaskState& task) noexcept {
    if (--task.handles == 0 && task.untold) [[unlikely]]
        tell_of_error(task);
    release(&task);
}

void set_name(TaskState& task, std::string_view name);
std::string name_of(const TaskState& task);

/// The set of a loop itself: of that whose tasks are in `set`, which has some.
TaskSet& root_of(const TaskSet& set) noexcept;

/// A part of a task that can be cancelled, or kept from being, by itself. Stands in a frame; scopes of one task are nested.
class CancelScope {
public:
    enum class Kind : std::uint8_t { plain, shield };

    explicit CancelScope(Kind kind = Kind::plain) noexcept;
    ~CancelScope();
    CancelScope(const CancelScope&) = delete;
    CancelScope& operator=(const CancelScope&) = delete;

    /// Ends what waits within.
    void cancel() noexcept;
    bool is_cancelled() const noexcept { return cancelled_; }

    /// Whether a Cancelled that comes out of it is this scope's alone: then it ends here.
    bool caught_own() const noexcept;

private:
    friend struct TaskAccess;

    TaskState* task_;
    CancelScope* outer_;
    Kind kind_;
    bool cancelled_ = false;
};

/// A scope with an end in time.
class Deadline {
public:
    explicit Deadline(Timeout limit);
    explicit Deadline(engine::TimePoint when);
    ~Deadline();
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    /// Another end, or none.
    void reschedule(const engine::TimePoint* when);
    std::optional<engine::TimePoint> when() const noexcept { return when_; }
    bool expired() const noexcept { return scope_.is_cancelled(); }
    bool caught_own() const noexcept { return scope_.caught_own(); }

private:
    struct Alarm : engine::Timer {
        explicit Alarm(Deadline& owner) noexcept;
        Deadline* deadline;
    };

    CancelScope scope_;
    Alarm alarm_;
    std::optional<engine::TimePoint> when_;
};

[[noreturn]] void raise_timed_out();

}  // namespace bight::asyncio::detail

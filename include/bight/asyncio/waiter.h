// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/cancelled.h>
#include <bight/engine/operation.h>
#include <bight/engine/timer.h>

#include <coroutine>
#include <cstdint>
#include <type_traits>

// What every awaitable of the library is made of. Programs need none of it, but those that write an awaitable.
namespace bight::asyncio::detail {

class Waiter;
class CancelScope;
class TaskSet;
struct TaskState;
struct TaskWaiter;
struct RareState;
struct PromiseBase;

/// What inline code needs of the loop that runs in this thread.
struct LoopCore {
    engine::RunQueue ready;
    TaskState* current = nullptr;  // the task that runs
    unsigned spent = 0;            // what it has got without waiting, since it was resumed
    std::uint64_t last_task = 0;   // the number of the one that ran last
};

/// Null where no loop runs.
extern constinit thread_local LoopCore* running_loop;

/// How much a task may get without waiting before others have their turn.
inline constexpr unsigned budget = 64;

[[noreturn]] void raise_no_running_loop();
[[noreturn]] void raise_cancelled();

inline LoopCore& loop_core() {
    if (!running_loop) [[unlikely]]
        raise_no_running_loop();
    return *running_loop;
}

/// The coroutine that begins to wait: one of a task's, for no other is known by the task that runs.
class TaskCoroutine {
public:
    template <class Promise>
    TaskCoroutine(std::coroutine_handle<Promise> coroutine) noexcept : coroutine_(coroutine) {
        static_assert(std::is_base_of_v<PromiseBase, Promise>,
                      "a coroutine of another library awaits ensure_future() of this");
    }
    operator std::coroutine_handle<>() const noexcept { return coroutine_; }

private:
    std::coroutine_handle<> coroutine_;
};

/// What is known of a running task: its outermost frame, and where in it something waits. Programs see a TaskHandle.
/// Lives until it has ended and nobody holds it. There may be very many: what few tasks have is kept apart.
struct TaskState {
    enum class Outcome : std::uint8_t { running, returned, raised, cancelled };

    struct Place {
        Waiter* leaf = nullptr;        // null while it runs, or is about to
        CancelScope* scope = nullptr;  // the innermost
    };

    TaskState() noexcept : start() {}

    Waiter* leaf() const noexcept { return begun ? place.leaf : nullptr; }
    CancelScope* scope() const noexcept { return begun ? place.scope : nullptr; }
    void begin() noexcept {
        begun = true;
        place = Place();
    }

    union {
        engine::Runnable start;  // until it has begun
        Place place;             // from then on
    };
    std::coroutine_handle<PromiseBase> frame;
    TaskSet* set = nullptr;  // none once it has ended
    TaskState* next_in_set = nullptr;
    TaskState* previous_in_set = nullptr;
    TaskWaiter* waiters = nullptr;
    RareState* rare = nullptr;
    void* of_set = nullptr;  // whatever its set keeps beside it
    std::uint64_t id = 0;
    std::uint32_t holders = 1;
    std::uint32_t handles : 24 = 0;  // those of them that see how it ends: TaskHandles
    Outcome outcome : 2 = Outcome::running;
    bool begun : 1 = false;
    bool cancel_requested : 1 = false;
    bool cancelled_now : 1 = false;  // what the next wait is to see: with the scopes reckoned in
    bool untold : 1 = false;         // it has raised, and nobody has heard of it
};

/// Whether the task that runs has been cancelled; then nothing that waits is to be begun.
inline bool is_cancelled(const LoopCore& core) noexcept { return core.current && core.current->cancelled_now; }

/// The coroutine that waits, and how to end that. One wait is one Waiter: suspended once, resumed once.
class Waiter {
public:
    using Cancel = void (*)(Waiter&) noexcept;

    explicit Waiter(Cancel how) noexcept : cancel_(how) {}

    /// Says that `coroutine`, of the task that runs, waits from now on. Call it in await_suspend().
    void suspend(std::coroutine_handle<> coroutine) noexcept {
        coroutine_ = coroutine;
        task_ = running_loop->current;
        if (task_) task_->place.leaf = this;
    }

    /// Goes on with it, as part of its task. By the loop alone: others queue a Runnable.
    void resume() noexcept;

    /// Asks for the end of the wait; whoever knows the waiter resumes it all the same.
    void cancel() noexcept { cancel_(*this); }

    /// How that is done, which tells of what kind the wait is.
    bool is_cancelled_by(Cancel how) const noexcept { return cancel_ == how; }

private:
    std::coroutine_handle<> coroutine_;
    TaskState* task_ = nullptr;  // null: a coroutine that is no Task of ours
    Cancel cancel_;
};

/// A wait that the loop's queue ends.
struct QueuedWaiter : engine::Runnable, Waiter {
    explicit QueuedWaiter(Cancel how) noexcept : Waiter(how) { run = &resume_queued; }

private:
    static void resume_queued(engine::Runnable& runnable) noexcept;
};

/// One operation of a channel as something to co_await: tried first, waited for only then. A task that has got its budget
/// lets the others have their turn before it tries. A derived class has
/// await_resume(), which reads the outcome.
class ChannelWait : public engine::Operation, public Waiter {
public:
    bool await_ready() noexcept;
    void await_suspend(TaskCoroutine coroutine) noexcept;

    /// The same, if it is one; null otherwise.
    static const ChannelWait* of(const Waiter& waiter) noexcept {
        return waiter.is_cancelled_by(&cancel_operation) ? static_cast<const ChannelWait*>(&waiter) : nullptr;
    }

protected:
    ChannelWait(engine::Channel& on, engine::Verb what) noexcept : Operation(on, what), Waiter(&cancel_operation) {}

    /// Raises Cancelled where the task has been, instead of the operation.
    void raise_if_cancelled() const {
        if (result == -cancelled_errnum && cancelled) [[unlikely]]
            raise_cancelled();
    }

private:
    static constexpr int cancelled_errnum = 125;  // ECANCELED

    static void cancel_operation(Waiter& waiter) noexcept;
    static void run_ready(engine::Runnable& runnable) noexcept;
};

}  // namespace bight::asyncio::detail

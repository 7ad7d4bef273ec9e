// SPDX-License-Identifier: BSL-1.0
/// ensure_future(): tasks for coroutines of other libraries. wrap_future(): what other libraries await, for tasks.
///
/// A coroutine whose promise is not a Task's may call ensure_future(), and await what that returns, in the thread of a loop
/// and while that runs: in a callback, in a task, or where it was resumed by one of the two. The promise need know nothing.
/// It goes on exactly once, out of the loop's queue and as no part of a task, never inside await_suspend(); or it is
/// destroyed while it waits. A loop that ends cancels what it waits for, and has it go on before: by Cancelled, which is no
/// std::exception. What else unhandled_exception() lets out of it goes to the exception handler.
#pragma once

#include <bight/asyncio/compiler.h>
#include <bight/asyncio/task.h>
#include <bight/asyncio/task_group.h>
#include <bight/asyncio/task_state.h>
#include <bight/asyncio/waiter.h>

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

namespace bight::asyncio {

// ---- Theirs wait for ours. ---------------------------------------------------------------------------------------------

namespace detail {

/// Lets a coroutine of any kind wait for the end of a task.
class ForeignWait : TaskWaiter {
public:
    explicit ForeignWait(TaskState& awaited) noexcept;  // in the thread of its loop
    ~ForeignWait();
    ForeignWait(const ForeignWait&) = delete;
    ForeignWait& operator=(const ForeignWait&) = delete;

    bool await_ready() const noexcept { return awaited_->outcome != TaskState::Outcome::running; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> coroutine) {
        static_assert(!std::is_base_of_v<PromiseBase, Promise>, "a task awaits the Task, or a TaskHandle");
        wait(coroutine);
    }

protected:
    PromiseBase& promise() const;  // of one that has ended; raises Cancelled where it was

private:
    struct Resumption;

    void wait(std::coroutine_handle<> coroutine);

    TaskState* awaited_;
    Resumption* resumption_ = nullptr;  // while it waits
};

/// Begins it soon, as a task of the running loop itself. Raises RuntimeError where none runs.
TaskState& begin_in_running_loop(PromiseBase& promise);

/// Raises RuntimeError where it does not run in this thread.
void require_running(const LoopCore* loop);

template <class Awaitable>
Task<await_result_t<Awaitable>> as_task(Awaitable awaitable) {
    co_return co_await std::move(awaitable);
}

}  // namespace detail

/// A task that goes by this handle, whoever awaits it: what ensure_future() returns. Letting go of it cancels the task, and
/// the loop waits for its end: so what the task uses must be its own, or outlive the loop.
template <class T>
class [[nodiscard]] Ensured {
public:
    Ensured(TaskHandle<T> task, const detail::LoopCore& loop) noexcept : task_(std::move(task)), loop_(&loop) {}
    Ensured(Ensured&& other) noexcept = default;
    Ensured& operator=(Ensured other) noexcept {
        std::swap(task_, other.task_);
        std::swap(loop_, other.loop_);
        return *this;
    }
    ~Ensured() {
        if (detail::state_of(task_)) task_.cancel();
    }

    /// Ends the task: what it waits for raises Cancelled. Who awaits it goes on once it has ended.
    void cancel() noexcept { task_.cancel(); }

    bool done() const noexcept { return task_.done(); }
    bool cancelled() const noexcept { return task_.cancelled(); }

    /// As TaskHandle's.
    T result() { return task_.result(); }
    std::exception_ptr exception() const { return task_.exception(); }

    struct [[nodiscard]] Wait : detail::ForeignWait {
        using ForeignWait::ForeignWait;
        T await_resume() { return static_cast<detail::Promise<T>&>(promise()).take(); }
    };

    /// co_await in a coroutine that is no Task: the result, once, or what the task raised; Cancelled where it was cancelled.
    /// Raises RuntimeError where its loop does not run in this thread.
    Wait operator co_await() const {
        detail::require_running(loop_);
        return Wait(*detail::state_of(task_));
    }

private:
    TaskHandle<T> task_;
    const detail::LoopCore* loop_;  // to be compared; it may have gone
};

/// `co_await ensure_future(task)` in a coroutine of another library. Begins the task soon, awaited or not. Raises
/// RuntimeError where no loop runs in this thread.
template <class T>
Ensured<T> ensure_future(Task<T> task) {
    const auto& loop = detail::loop_core();  // raises before the frame is nobody's
    auto& promise = task.release().promise();
    return Ensured<T>(TaskHandle<T>(detail::begin_in_running_loop(promise), promise), loop);
}

/// The same of whatever a task can await: `co_await ensure_future(sleep(1s))`. What that refers to, a Stream for its read(),
/// must outlive the end of the task.
template <class Awaitable>
auto ensure_future(Awaitable awaitable) {
    return ensure_future(detail::as_task(std::move(awaitable)));
}

// ---- Ours wait for theirs. ---------------------------------------------------------------------------------------------

namespace detail {

/// A task that waits for what others resume, in whatever thread.
class RelayedWait : protected QueuedWaiter {
public:
    RelayedWait() noexcept : QueuedWaiter(&go_on_waiting) {}
    RelayedWait(const RelayedWait&) = delete;
    RelayedWait& operator=(const RelayedWait&) = delete;

    /// A coroutine that queues the waiting one when it is resumed, and is then gone; or when it is destroyed instead.
    std::coroutine_handle<> make_relay();

    /// Destroys it, and nothing is queued.
    static void discard(std::coroutine_handle<> relay) noexcept;

    /// Whether it was destroyed and not resumed.
    bool is_abandoned() const noexcept { return abandoned_; }

private:
    static void go_on_waiting(Waiter&) noexcept {}

    bool abandoned_ = false;
};

template <class Awaitable>
decltype(auto) foreign_awaiter_of(Awaitable&& awaitable) {
    if constexpr (requires { std::forward<Awaitable>(awaitable).operator co_await(); })
        return std::forward<Awaitable>(awaitable).operator co_await();
    else if constexpr (requires { operator co_await(std::forward<Awaitable>(awaitable)); })
        return operator co_await(std::forward<Awaitable>(awaitable));
    else
        return static_cast<std::remove_reference_t<Awaitable>&>(awaitable);
}

template <class Awaitable>
class ForeignAwaiter : RelayedWait {
public:
    explicit ForeignAwaiter(Awaitable& awaitable) : awaiter_(foreign_awaiter_of(std::forward<Awaitable>(awaitable))) {}

    bool await_ready() {
        was_cancelled_ = is_cancelled(loop_core());
        return was_cancelled_ || static_cast<bool>(awaiter_.await_ready());
    }
    std::coroutine_handle<> await_suspend(detail::TaskCoroutine coroutine) {
        auto relay = make_relay();
        try {
            return suspend_for(coroutine, relay);
        } catch (...) {
            discard(relay);
            throw;
        }
    }
    decltype(auto) await_resume() {
        if (was_cancelled_ || is_abandoned()) raise_cancelled();
        return awaiter_.await_resume();
    }

private:
    std::coroutine_handle<> suspend_for(std::coroutine_handle<> coroutine, std::coroutine_handle<> relay) {
        using Said = decltype(awaiter_.await_suspend(relay));
        std::coroutine_handle<> begun = std::noop_coroutine();
        if constexpr (std::is_void_v<Said>) {
            awaiter_.await_suspend(relay);
        } else if constexpr (std::is_same_v<Said, bool>) {
            if (!awaiter_.await_suspend(relay)) {
                discard(relay);
                return coroutine;
            }
        } else {
            begun = awaiter_.await_suspend(relay);
        }
        suspend(coroutine);  // its turn is a later one at the soonest
        return begun;
    }

    decltype(foreign_awaiter_of(std::declval<Awaitable>())) awaiter_;
    bool was_cancelled_ = false;
};

}  // namespace detail

/// What wrap_future() returns.
template <class Awaitable>
class [[nodiscard]] Wrapped {
public:
    explicit Wrapped(Awaitable&& awaitable) : awaitable_(std::forward<Awaitable>(awaitable)) {}
    auto operator co_await() { return detail::ForeignAwaiter<Awaitable>(awaitable_); }

private:
    Awaitable awaitable_;
};

/// `co_await wrap_future(awaitable)` in a Task: what is none of this library's, a coroutine of another one or an awaiter.
/// Its result is returned, its exception raised. Whatever thread resumes the wait, the task goes on in its loop. What is
/// given by name must outlive the wait; the rest is moved.
///
/// Say it of all that is not the library's: a task that others resume would go on behind its loop's back, and its end be
/// seen by nobody; the exception handler is told. A cancellation does not end the wait, for nothing is known of what goes
/// on there: the next wait after it raises Cancelled. It is not begun in a task that has been cancelled already. Where the
/// other side destroys what it should resume, it raises Cancelled itself.
template <class Awaitable>
Wrapped<Awaitable> wrap_future(Awaitable&& awaitable) {
    static_assert(!detail::closures_are_destroyed_twice || std::is_lvalue_reference_v<Awaitable> ||
                      !std::is_aggregate_v<Awaitable> || std::is_trivially_destructible_v<Awaitable>,
                  "g++ would destroy it twice: give it a name first");
    return Wrapped<Awaitable>(std::forward<Awaitable>(awaitable));
}

}  // namespace bight::asyncio

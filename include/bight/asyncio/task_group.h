// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/compiler.h>
#include <bight/asyncio/task.h>
#include <bight/asyncio/task_state.h>

#include <concepts>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace bight::asyncio {

class EventLoop;

/// A result was asked for that is not there yet, or not any more.
class InvalidStateError : public std::logic_error {
    using std::logic_error::logic_error;
};

template <class T>
class TaskHandle;

namespace detail {

/// Raises InvalidStateError where it runs, Cancelled where it was cancelled.
void require_done(const TaskState& task);

template <class Function>
concept SafeCallable = !closures_are_destroyed_twice || std::is_lvalue_reference_v<Function> ||
                       std::is_trivially_destructible_v<std::remove_cvref_t<Function>>;

/// Null where the handle has been moved away.
template <class T>
TaskState* state_of(const TaskHandle<T>& handle) noexcept;

/// Keeps a callable for as long as its coroutine runs.
template <class Function, class... Arguments>
auto keep_callable(Function function, Arguments... arguments) -> std::invoke_result_t<Function&, Arguments...> {
    co_return co_await function(std::move(arguments)...);
}

/// The coroutine of a call. Plain functions need no keeping: what they were given stands in their own frame.
template <class Function, class... Arguments>
auto call(Function&& function, Arguments&&... arguments) {
    using Callable = std::decay_t<Function>;
    if constexpr (std::is_pointer_v<Callable> || std::is_empty_v<Callable>)
        return Callable(std::forward<Function>(function))(std::forward<Arguments>(arguments)...);
    else
        return keep_callable<Callable, std::decay_t<Arguments>...>(std::forward<Function>(function),
                                                                   std::forward<Arguments>(arguments)...);
}

template <class Function, class... Arguments>
using called_t = decltype(call(std::declval<Function>(), std::declval<Arguments>()...));

}  // namespace detail

/// A running task, as whoever spawned it sees it: asyncio.Task. Letting go of it changes nothing for the task.
///
/// Until then it keeps the result, and with it the parameters of the task's coroutine, a Stream among them: its local
/// variables go when it ends, parameters with the last handle.
template <class T>
class TaskHandle {
public:
    TaskHandle() noexcept = default;
    TaskHandle(detail::TaskState& task, detail::Promise<T>& promise) noexcept : task_(&task), promise_(&promise) {
        detail::grasp(task);
    }
    TaskHandle(TaskHandle&& other) noexcept
        : task_(std::exchange(other.task_, nullptr)), promise_(std::exchange(other.promise_, nullptr)) {}
    TaskHandle& operator=(TaskHandle&& other) noexcept {
        std::swap(task_, other.task_);
        std::swap(promise_, other.promise_);
        return *this;
    }
    ~TaskHandle() {
        if (task_) detail::let_go(*task_);
    }

    /// Ends it: what it waits for raises Cancelled, and so does every later wait.
    void cancel() noexcept { detail::cancel(*task_); }

    bool done() const noexcept { return task_->outcome != detail::TaskState::Outcome::running; }
    bool cancelled() const noexcept { return task_->outcome == detail::TaskState::Outcome::cancelled; }

    /// What it returned, once. Raises what it raised, Cancelled where it was cancelled, InvalidStateError where it is not
    /// done.
    T result() {
        detail::require_done(*task_);
        task_->untold = false;
        return promise_->take();
    }

    /// What it raised, null for nothing. Raises Cancelled where it was cancelled, InvalidStateError where it is not done.
    std::exception_ptr exception() const {
        detail::require_done(*task_);
        task_->untold = false;
        return promise_->error;
    }

    std::string get_name() const { return detail::name_of(*task_); }
    void set_name(std::string_view name) { detail::set_name(*task_, name); }

    /// co_await handle.ended(): waits for its end, whatever that is. Cancelling the wait leaves the task alone.
    auto ended() noexcept {
        struct Awaiter : detail::TaskWaiter {
            explicit Awaiter(detail::TaskState& awaited) noexcept : TaskWaiter(awaited) {}
            void await_resume() {
                if (stopped_waiting) detail::raise_cancelled();
            }
        };
        return Awaiter(*task_);
    }

    /// co_await handle: waits for its end. Returns its result, once, or raises what it raised; Cancelled where it was.
    auto operator co_await() noexcept {
        struct Awaiter : detail::TaskWaiter {
            Awaiter(detail::TaskState& awaited, detail::Promise<T>& promise) noexcept
                : TaskWaiter(awaited), held_(awaited), promise_(promise) {
                detail::grasp(held_);  // the handle may go meanwhile
            }
            Awaiter(const Awaiter&) = delete;
            Awaiter& operator=(const Awaiter&) = delete;
            ~Awaiter() { detail::let_go(held_); }
            T await_resume() {
                TaskWaiter::await_resume();
                held_.untold = false;
                return promise_.take();
            }
            detail::TaskState& held_;
            detail::Promise<T>& promise_;
        };
        return Awaiter(*task_, *promise_);
    }

private:
    friend class EventLoop;
    friend detail::TaskState* detail::state_of<T>(const TaskHandle& handle) noexcept;
    detail::TaskState* task_ = nullptr;
    detail::Promise<T>* promise_ = nullptr;
};

template <class T>
detail::TaskState* detail::state_of(const TaskHandle<T>& handle) noexcept {
    return handle.task_;
}

/// Tasks that end together: no child outlives the group, and none is forgotten.
///
/// Say `co_await group.join()` at its end: it waits for all. A child that raises cancels the others, and join() raises
/// what it raised; several errors come as an ExceptionGroup. Where the frame of the group is left before join(), by an
/// exception, its children are cancelled and the loop waits for them: what they use must then not be of that frame.
/// with_task_group() cannot be left so.
class TaskGroup final : private detail::TaskSet {
public:
    TaskGroup() noexcept = default;
    ~TaskGroup();

    /// Begins `function(arguments...)`, a coroutine. The arguments are copied or moved into it.
    template <class Function, class... Arguments>
    auto spawn(Function&& function, Arguments&&... arguments)
        -> TaskHandle<typename detail::called_t<Function, Arguments...>::value_type> {
        static_assert(detail::SafeCallable<Function>,
                      "name the lambda first, and pass it by std::move or by name (g++ 12)");
        return create_task(detail::call(std::forward<Function>(function), std::forward<Arguments>(arguments)...));
    }

    /// Begins a coroutine that was made already.
    template <class T>
    TaskHandle<T> create_task(Task<T> task) {
        auto& loop = detail::loop_core();
        auto& promise = task.release().promise();
        TaskHandle<T> child(detail::spawn(loop, *this, promise), promise);
        if (cancelled_) child.cancel();
        return child;
    }

    /// Cancels all children, and those that come before join() has ended; join() still waits for their end.
    void cancel() noexcept {
        cancelled_ = true;
        cancel_all();
    }

    /// How many have not ended.
    using TaskSet::size;

    /// Waits until all have ended. Cancelled meanwhile, it cancels them and waits all the same.
    Task<> join();

    /// Whether that waits in a join().
    static bool is_join(const detail::Waiter& waiter) noexcept;

private:
    void ended(detail::TaskState& task) noexcept override;

    template <class Body>
    friend Task<> with_task_group(Body body);

    void failed(std::exception_ptr error) noexcept;

    std::vector<std::exception_ptr> errors_;
    detail::QueuedWaiter* joining_ = nullptr;
    detail::CancelScope* body_ = nullptr;  // of with_task_group()
    bool cancelled_ = false;               // until join() has ended

    struct Join;
};

/// `co_await with_task_group(body)`: body(group) is a coroutine; the group is joined after it, also where it raises. A child
/// that raises cancels the body too, and what the body raises counts as a child's.
template <class Body>
Task<> with_task_group(Body body) {
    TaskGroup group;
    std::exception_ptr cancelled;
    {
        detail::CancelScope scope;
        group.body_ = &scope;
        try {
            co_await body(group);
        } catch (const Cancelled&) {
            if (!scope.caught_own()) cancelled = std::current_exception();
        } catch (...) {
            group.failed(std::current_exception());
        }
        group.body_ = nullptr;
    }
    if (cancelled) group.cancel();
    co_await group.join();
    if (cancelled) std::rethrow_exception(cancelled);
}

namespace detail {

/// A task that is run elsewhere, as one of ours: cancelled, it cancels that, waits for its end, and ends as it does.
template <class T>
Task<T> follow(TaskHandle<T> handle) {
    if (!handle.done()) {
        try {
            co_await handle.ended();
        } catch (const Cancelled&) {
            handle.cancel();
        }
    }
    if (!handle.done()) {
        CancelScope shielded(CancelScope::Kind::shield);
        co_await handle.ended();
    }
    co_return handle.result();
}

}  // namespace detail

}  // namespace bight::asyncio

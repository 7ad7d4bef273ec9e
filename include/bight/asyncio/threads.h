// SPDX-License-Identifier: BSL-1.0
/// to_thread(): what blocks, out of the loop's way. run_coroutine_threadsafe(): from another thread into the loop.
#pragma once

#include <bight/asyncio/loop.h>
#include <bight/asyncio/task.h>
#include <bight/asyncio/task_group.h>
#include <bight/asyncio/waiter.h>
#include <bight/time.h>

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace bight::asyncio {

namespace detail {

struct ThreadWait;

/// A call that a thread of the loop's makes.
struct ThreadCall {
    virtual ~ThreadCall() = default;
    virtual void call() noexcept = 0;
    ThreadWait* waiting = nullptr;  // under the pool's lock; null once nobody is to be told
};

/// Hands a call over, and waits for its end.
struct ThreadWait : QueuedWaiter {
    explicit ThreadWait(std::shared_ptr<ThreadCall> what) noexcept : QueuedWaiter(&end), call(std::move(what)) {}
    bool await_ready() noexcept;
    void await_suspend(detail::TaskCoroutine coroutine);
    void await_resume() const {
        if (was_cancelled) raise_cancelled();
    }
    static void end(Waiter& waiter) noexcept;

    std::shared_ptr<ThreadCall> call;
    bool was_cancelled = false;
};

/// What a call in another thread has brought.
template <class T>
class Outcome {
public:
    template <class Call>
    void set_from(Call call) noexcept {
        try {
            if constexpr (std::is_void_v<T>)
                call();
            else
                value_.emplace(call());
        } catch (...) {
            error_ = std::current_exception();
        }
    }
    void set_error(std::exception_ptr error) noexcept { error_ = std::move(error); }
    const std::exception_ptr& error() const noexcept { return error_; }
    std::exception_ptr take_error() noexcept { return std::exchange(error_, nullptr); }

    /// Once.
    T take() {
        if (error_) std::rethrow_exception(error_);
        if constexpr (!std::is_void_v<T>) return std::move(*value_);
    }

private:
    struct Nothing {};
    std::optional<std::conditional_t<std::is_void_v<T>, Nothing, T>> value_;
    std::exception_ptr error_;
};

template <class T>
struct ThreadCallFor : ThreadCall {
    Outcome<T> outcome;
};

template <class T, class Function, class... Arguments>
struct ThreadCallOf final : ThreadCallFor<T> {
    template <class F, class... A>
    explicit ThreadCallOf(F&& f, A&&... a) : function(std::forward<F>(f)), arguments(std::forward<A>(a)...) {}
    void call() noexcept override {
        this->outcome.set_from([this]() -> T {
            return std::apply(
                [this](auto&... argument) -> T { return std::invoke(std::move(function), std::move(argument)...); },
                arguments);
        });
    }
    Function function;
    std::tuple<Arguments...> arguments;
};

template <class T>
Task<T> call_in_thread(std::shared_ptr<ThreadCallFor<T>> call) {
    ThreadWait wait(call);
    co_await wait;
    // Of the error nothing stays in the call: whose thread lets go of that last is open.
    if (auto error = call->outcome.take_error()) std::rethrow_exception(std::move(error));
    co_return call->outcome.take();
}

}  // namespace detail

/// `co_await to_thread(function, arguments...)`: calls it in a thread of the loop's pool, of min(32, processors + 4), and
/// returns its result or raises what it raised. The function and its arguments are copied or moved into the call.
///
/// A cancellation ends the wait, never the thread: a call that has begun runs to its end with nobody to tell. So what the
/// function uses beside its arguments must outlive it, maybe the loop. A call that no thread has begun is dropped. The loop
/// does not wait for calls when it ends. Raises OSError where not even a first thread can be begun.
template <class Function, class... Arguments>
auto to_thread(Function&& function, Arguments&&... arguments) {
    static_assert(detail::SafeCallable<Function>,
                  "name the lambda first, and pass it by std::move or by name (g++ 12)");
    using T = std::decay_t<std::invoke_result_t<std::decay_t<Function>, std::decay_t<Arguments>...>>;
    std::shared_ptr<detail::ThreadCallFor<T>> call =
        std::make_shared<detail::ThreadCallOf<T, std::decay_t<Function>, std::decay_t<Arguments>...>>(
            std::forward<Function>(function), std::forward<Arguments>(arguments)...);
    return detail::call_in_thread<T>(std::move(call));
}

// ---- Into the loop. ----------------------------------------------------------------------------------------------------

namespace detail {

/// What a thread knows of a task in a loop. Ends once.
class RemoteTask {
public:
    explicit RemoteTask(EventLoop& loop) noexcept : loop_(&loop) {}
    virtual ~RemoteTask() = default;

    bool done() const noexcept { return phase_.load(std::memory_order_acquire) != running; }
    bool cancelled() const noexcept { return phase_.load(std::memory_order_acquire) == was_cancelled; }

    /// Raises TimeoutError at the limit, RuntimeError in the loop's own thread.
    void wait(Timeout limit) const;
    bool cancel(std::shared_ptr<RemoteTask> self);

    // In the loop's thread.
    void begun(TaskHandle<void> task) noexcept { task_ = std::move(task); }
    void ended(bool cancelled) noexcept;

private:
    static constexpr std::uint32_t running = 0, has_ended = 1, was_cancelled = 2;

    std::mutex mutex_;  // holds the loop: one that ends has ended this before
    EventLoop* loop_;
    TaskHandle<void> task_;  // the loop's thread's
    std::atomic<std::uint32_t> phase_{running};
};

template <class T>
struct RemoteTaskFor : RemoteTask {
    using RemoteTask::RemoteTask;
    Outcome<T> outcome;
};

/// Ends a RemoteTask where nobody else does: the task was dropped before it began, or cancelled.
template <class T>
class Ending {
public:
    explicit Ending(std::shared_ptr<RemoteTaskFor<T>> remote) noexcept : remote_(std::move(remote)) {}
    Ending(Ending&&) noexcept = default;
    Ending& operator=(Ending&&) = delete;
    ~Ending() {
        if (remote_) remote_->ended(cancelled_);
    }
    RemoteTaskFor<T>& operator*() const noexcept { return *remote_; }
    void has_outcome() noexcept { cancelled_ = false; }

private:
    std::shared_ptr<RemoteTaskFor<T>> remote_;
    bool cancelled_ = true;
};

template <class T>
Task<> run_remote(Ending<T> owner, Task<T> task) {
    Ending<T> ending(std::move(owner));  // parameters stay until nobody holds the task
    std::exception_ptr error;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(task);
        } else {
            T value = co_await std::move(task);
            (*ending).outcome.set_from([&value]() -> T { return std::move(value); });
        }
    } catch (const Cancelled&) {
        throw;
    } catch (...) {
        error = std::current_exception();
    }
    if (error) (*ending).outcome.set_error(std::move(error));
    ending.has_outcome();
}

}  // namespace detail

/// A task in a loop, as another thread sees it: concurrent.futures.Future. Any thread may use it; letting go of it changes
/// nothing for the task.
template <class T>
class ThreadsafeFuture {
public:
    explicit ThreadsafeFuture(std::shared_ptr<detail::RemoteTaskFor<T>> remote) noexcept : remote_(std::move(remote)) {}

    bool done() const noexcept { return remote_->done(); }
    bool cancelled() const noexcept { return remote_->cancelled(); }

    /// Waits for its end and returns its result, once, or raises what it raised; Cancelled where it was cancelled, also by
    /// the end of the loop. Raises TimeoutError once the limit has passed: the task goes on, and can be waited for again.
    /// RuntimeError in the thread of the loop itself, which would wait for ever.
    T result(Timeout timeout = {}) {
        remote_->wait(timeout);
        if (remote_->cancelled()) detail::raise_cancelled();
        return remote_->outcome.take();
    }

    /// As result(), but the error is returned; null where there is none.
    std::exception_ptr exception(Timeout timeout = {}) {
        remote_->wait(timeout);
        if (remote_->cancelled()) detail::raise_cancelled();
        return remote_->outcome.error();
    }

    /// Has the loop cancel the task. False where it has ended already.
    bool cancel() { return remote_->cancel(remote_); }

private:
    std::shared_ptr<detail::RemoteTaskFor<T>> remote_;
};

/// Begins a task in a loop from another thread. Where the loop ends before it has begun the task, that counts as cancelled.
template <class T>
ThreadsafeFuture<T> run_coroutine_threadsafe(Task<T> task, EventLoop& loop) {
    auto remote = std::make_shared<detail::RemoteTaskFor<T>>(loop);
    auto begin = [remote, ending = detail::Ending<T>(remote), task = std::move(task)]() mutable {
        remote->begun(get_running_loop().create_task(detail::run_remote<T>(std::move(ending), std::move(task))));
    };
    loop.call_soon_threadsafe(std::move(begin));
    return ThreadsafeFuture<T>(std::move(remote));
}

}  // namespace bight::asyncio

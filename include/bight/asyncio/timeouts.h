// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/task_group.h>
#include <bight/asyncio/task_state.h>
#include <bight/engine/timer.h>
#include <bight/time.h>

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

namespace bight::asyncio {

class TimeoutScope;

namespace detail {

template <class Function, class... Arguments>
inline constexpr bool takes_scope =
    !std::is_invocable_v<std::decay_t<Function>&, std::decay_t<Arguments>...> &&
    std::is_invocable_v<std::decay_t<Function>&, TimeoutScope&, std::decay_t<Arguments>...>;

template <class Limit, class Function, class... Arguments>
auto run_under(Limit limit, Function function, Arguments... arguments)
    -> std::invoke_result_t<Function&, TimeoutScope&, Arguments...>;

class [[nodiscard]] Sleep : QueuedWaiter, engine::Timer {
public:
    explicit Sleep(Duration delay) noexcept : QueuedWaiter(&end), delay_(delay) {}
    Sleep(Sleep&& other) noexcept : Sleep(other.delay_) {}  // before it is awaited: there is nothing else to move

    bool await_ready() noexcept {
        was_cancelled_ = is_cancelled(*running_loop);
        return was_cancelled_;
    }
    void await_suspend(detail::TaskCoroutine coroutine) noexcept {
        suspend(coroutine);
        delay_ > Duration::zero() ? arm() : running_loop->ready.push(*this);
    }
    void await_resume() const {
        if (was_cancelled_) [[unlikely]]
            raise_cancelled();
    }

    /// The same, if it is one; null otherwise.
    static const Sleep* of(const Waiter& waiter) noexcept {
        return waiter.is_cancelled_by(&end) ? static_cast<const Sleep*>(&waiter) : nullptr;
    }
    engine::TimePoint ends() const noexcept { return when; }

private:
    static void end(Waiter& waiter) noexcept;
    void arm() noexcept;

    Duration delay_;
    bool was_cancelled_ = false;
};

}  // namespace detail

/// `co_await sleep(2s)`: goes on after that time, never sooner; with 0, once the others have had their turn.
inline detail::Sleep sleep(Duration delay) noexcept { return detail::Sleep(delay); }

/// `co_await wait_for(awaitable, 5s)`: the result, or TimeoutError once the time has passed. What was awaited has then been
/// cancelled and has ended; if it was done at the same moment, its result is returned. No limit: waits as long as it takes.
template <class Awaitable>
Task<await_result_t<Awaitable>> wait_for(Awaitable awaitable, Timeout limit) {
    detail::Deadline deadline(limit);
    try {
        co_return co_await std::move(awaitable);
    } catch (const Cancelled&) {
        if (!deadline.caught_own()) throw;
    }
    detail::raise_timed_out();
}

/// Of a task that runs already, which is cancelled then.
template <class T>
Task<T> wait_for(TaskHandle<T> handle, Timeout limit) {
    return wait_for(detail::follow(std::move(handle)), limit);
}

/// As wait_for(), until a time of the loop's clock.
template <class Awaitable>
Task<await_result_t<Awaitable>> wait_until(Awaitable awaitable, engine::TimePoint when) {
    detail::Deadline deadline(when);
    try {
        co_return co_await std::move(awaitable);
    } catch (const Cancelled&) {
        if (!deadline.caught_own()) throw;
    }
    detail::raise_timed_out();
}

template <class T>
Task<T> wait_until(TaskHandle<T> handle, engine::TimePoint when) {
    return wait_until(detail::follow(std::move(handle)), when);
}

/// `co_await shield(awaitable)`: a cancellation of the task does not reach what is within; the next wait after it sees it.
/// So a limit around it does not end the wait, as it does in Python. To wait only so long for a task that is to go on:
/// `co_await wait_for(handle.ended(), 1s)`.
template <class Awaitable>
Task<await_result_t<Awaitable>> shield(Awaitable awaitable) {
    detail::CancelScope scope(detail::CancelScope::Kind::shield);
    co_return co_await std::move(awaitable);
}

/// The limit of what runs under timeout(): asyncio.Timeout. It is the task's that runs under it.
class TimeoutScope {
public:
    explicit TimeoutScope(Timeout limit) : deadline_(limit) {}
    explicit TimeoutScope(engine::TimePoint when) : deadline_(when) {}

    /// When it ends, by the loop's clock; unset for no limit.
    std::optional<engine::TimePoint> when() const noexcept { return deadline_.when(); }

    /// Another end, which may have passed already, or none. RuntimeError once it has expired.
    void reschedule(std::optional<engine::TimePoint> when);

    /// Whether the limit has passed, and what runs under it been cancelled.
    bool expired() const noexcept { return deadline_.expired(); }

private:
    template <class Limit, class Function, class... Arguments>
    friend auto detail::run_under(Limit limit, Function function, Arguments... arguments)
        -> std::invoke_result_t<Function&, TimeoutScope&, Arguments...>;

    detail::Deadline deadline_;
};

namespace detail {

template <class Limit, class Function, class... Arguments>
auto run_under(Limit limit, Function function, Arguments... arguments)
    -> std::invoke_result_t<Function&, TimeoutScope&, Arguments...> {
    TimeoutScope scope(limit);
    try {
        co_return co_await function(scope, std::move(arguments)...);
    } catch (const Cancelled&) {
        if (!scope.deadline_.caught_own()) throw;
    }
    raise_timed_out();
}

}  // namespace detail

/// `co_await timeout(5s, function, arguments...)`: several steps under one limit. A function that takes a TimeoutScope&
/// before its arguments can ask for its limit, and move it.
template <class Function, class... Arguments>
auto timeout(Timeout limit, Function&& function, Arguments&&... arguments) {
    static_assert(detail::SafeCallable<Function>,
                  "name the lambda first, and pass it by std::move or by name (g++ 12)");
    if constexpr (detail::takes_scope<Function, Arguments...>)
        return detail::run_under<Timeout, std::decay_t<Function>, std::decay_t<Arguments>...>(
            limit, std::forward<Function>(function), std::forward<Arguments>(arguments)...);
    else
        return wait_for(detail::call(std::forward<Function>(function), std::forward<Arguments>(arguments)...), limit);
}

/// As timeout(), until a time of the loop's clock.
template <class Function, class... Arguments>
auto timeout_at(engine::TimePoint when, Function&& function, Arguments&&... arguments) {
    static_assert(detail::SafeCallable<Function>,
                  "name the lambda first, and pass it by std::move or by name (g++ 12)");
    if constexpr (detail::takes_scope<Function, Arguments...>)
        return detail::run_under<engine::TimePoint, std::decay_t<Function>, std::decay_t<Arguments>...>(
            when, std::forward<Function>(function), std::forward<Arguments>(arguments)...);
    else
        return wait_until(detail::call(std::forward<Function>(function), std::forward<Arguments>(arguments)...), when);
}

}  // namespace bight::asyncio

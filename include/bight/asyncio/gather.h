// SPDX-License-Identifier: BSL-1.0
/// gather(), wait(), as_completed(): several tasks at once.
#pragma once

#include <bight/asyncio/task.h>
#include <bight/asyncio/task_group.h>
#include <bight/asyncio/task_state.h>
#include <bight/time.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <expected>
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace bight::asyncio {

/// What became of a task: its result, or what it raised.
template <class T>
using Settled = std::expected<T, std::exception_ptr>;

/// What gather() returns, as a tuple: `auto [first, second] = co_await gather(…)`, or get<0>(). Of a Task<> it is
/// std::monostate.
template <class... T>
class Gathered {
public:
    explicit Gathered(std::tuple<T...> results) noexcept : results_(std::move(results)) {}

    template <std::size_t I>
    auto& get() noexcept {
        return std::get<I>(results_);
    }
    template <std::size_t I>
    const auto& get() const noexcept {
        return std::get<I>(results_);
    }

private:
    std::tuple<T...> results_;
};

namespace detail {

template <class T>
using value_or_nothing = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
value_or_nothing<T> take_result(TaskHandle<T>& handle) {
    if constexpr (std::is_void_v<T>) {
        handle.result();
        return {};
    } else {
        return handle.result();
    }
}

/// Waits for all of a group. Where several raised, raises what came first.
Task<> join_or_first_error(TaskGroup* group);

template <class T>
Task<T> as_task(Task<T> task) noexcept {
    return task;
}
template <class T>
Task<T> as_task(TaskHandle<T> handle) {
    return follow(std::move(handle));
}

template <class Awaitable>
using task_of = decltype(as_task(std::declval<Awaitable>()));
template <class Awaitable>
using value_of = typename task_of<Awaitable>::value_type;

template <class T>
Task<Settled<T>> settle(Task<T> task) {
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(task);
            co_return Settled<T>();
        } else {
            co_return Settled<T>(co_await std::move(task));
        }
    } catch (...) {
        co_return std::unexpected(std::current_exception());
    }
}

template <class... T>
Task<Gathered<value_or_nothing<T>...>> gather_tasks(Task<T>... tasks) {
    TaskGroup group;
    std::tuple<TaskHandle<T>...> handles{group.create_task(std::move(tasks))...};
    co_await join_or_first_error(&group);
    co_return std::apply(
        [](auto&... handle) {
            return Gathered<value_or_nothing<T>...>(std::tuple<value_or_nothing<T>...>{take_result(handle)...});
        },
        handles);
}

}  // namespace detail

/// `auto all = co_await gather(one(), two());` runs them at the same time; `all.get<0>()` is what the first returned.
/// Each is a coroutine, or a TaskHandle of a task that runs already. The first error cancels the others; when all have
/// ended it is raised. Cancelled, it cancels them and waits for their ends.
template <class... Awaitable>
    requires(sizeof...(Awaitable) > 0)
auto gather(Awaitable... awaitables) {
    return detail::gather_tasks(detail::as_task(std::move(awaitables))...);
}

/// gather() of any number: the results in the order of what was given.
template <class T>
    requires(!std::is_void_v<T>)
Task<std::vector<T>> gather(std::vector<Task<T>> tasks) {
    TaskGroup group;
    std::vector<TaskHandle<T>> handles;
    handles.reserve(tasks.size());
    for (auto& task : tasks) handles.push_back(group.create_task(std::move(task)));
    co_await detail::join_or_first_error(&group);
    std::vector<T> results;
    results.reserve(handles.size());
    for (auto& handle : handles) results.push_back(handle.result());
    co_return results;
}
inline Task<> gather(std::vector<Task<>> tasks) {
    TaskGroup group;
    std::vector<TaskHandle<void>> handles;
    handles.reserve(tasks.size());
    for (auto& task : tasks) handles.push_back(group.create_task(std::move(task)));
    co_await detail::join_or_first_error(&group);
    for (auto& handle : handles) handle.result();
}

/// gather() with errors as results, Python's return_exceptions=True: nothing is cancelled because another raised, and
/// get<0>() is a Settled<T>.
template <class... Awaitable>
    requires(sizeof...(Awaitable) > 0)
auto gather_settled(Awaitable... awaitables) {
    return detail::gather_tasks(detail::settle(detail::as_task(std::move(awaitables)))...);
}

/// gather_settled() of any number.
template <class T>
Task<std::vector<Settled<T>>> gather_settled(std::vector<Task<T>> tasks) {
    std::vector<Task<Settled<T>>> settling;
    settling.reserve(tasks.size());
    for (auto& task : tasks) settling.push_back(detail::settle(std::move(task)));
    co_return co_await gather(std::move(settling));
}

// ---- wait(). -----------------------------------------------------------------------------------------------------------

enum class ReturnWhen : std::uint8_t { all_completed, first_completed, first_exception };

inline constexpr auto ALL_COMPLETED = ReturnWhen::all_completed;
inline constexpr auto FIRST_COMPLETED = ReturnWhen::first_completed;
inline constexpr auto FIRST_EXCEPTION = ReturnWhen::first_exception;

struct WaitOptions {
    Timeout timeout = {};  // past it, returns what there is
    ReturnWhen return_when = ReturnWhen::all_completed;
};
static_assert(std::is_trivially_destructible_v<WaitOptions>);

/// Which of the tasks that were given have ended, and which have not, by their places there.
struct Waited {
    std::vector<std::size_t> done;
    std::vector<std::size_t> pending;
};

namespace detail {
Task<Waited> wait(std::vector<TaskState*> tasks, WaitOptions options);
}

/// Waits for tasks, and cancels none: not at the time-out, and not where it is cancelled itself. ValueError for none. The
/// handles must outlive the wait.
template <class T>
Task<Waited> wait(std::span<TaskHandle<T>> handles, WaitOptions options = {}) {
    std::vector<detail::TaskState*> tasks;
    for (auto& handle : handles) tasks.push_back(detail::state_of(handle));
    return detail::wait(std::move(tasks), options);
}
template <class T>
Task<Waited> wait(std::vector<TaskHandle<T>>& handles, WaitOptions options = {}) {
    return wait(std::span(handles), options);
}

// ---- as_completed(). ---------------------------------------------------------------------------------------------------

namespace detail {

/// Tells the places of tasks in the order in which they end.
class Completions {
public:
    explicit Completions(std::vector<TaskState*> tasks);
    ~Completions();
    Completions(const Completions&) = delete;
    Completions& operator=(const Completions&) = delete;

    struct [[nodiscard]] Next : QueuedWaiter {
        explicit Next(Completions& of) noexcept : QueuedWaiter(&end), completions(&of) {}
        bool await_ready();
        void await_suspend(detail::TaskCoroutine coroutine) noexcept;
        static void end(Waiter& waiter) noexcept;

        /// The place of the next one; `none` after the last.
        std::size_t place() const;

        Completions* completions;
        bool was_cancelled = false;
    };
    static constexpr std::size_t none = SIZE_MAX;

private:
    struct Watch : TaskWaiter {
        Watch(Completions& owner, TaskState& task) noexcept;
        Completions* completions;
    };
    void ended(Watch& watch) noexcept;

    std::vector<Watch> watches_;
    std::vector<std::size_t> order_;  // room for all
    std::size_t told_ = 0;
    Next* waiting_ = nullptr;
};

}  // namespace detail

/// Tasks in the order in which they end: what as_completed() returns.
template <class T>
class AsCompleted {
public:
    explicit AsCompleted(std::span<TaskHandle<T>> handles) : handles_(handles), completions_(states_of(handles)) {}

    struct [[nodiscard]] Next : detail::Completions::Next {
        Next(detail::Completions& from, std::span<TaskHandle<T>> of) noexcept
            : detail::Completions::Next(from), handles(of) {}
        TaskHandle<T>* await_resume() const {
            std::size_t found = this->place();
            return found == detail::Completions::none ? nullptr : &handles[found];
        }
        std::span<TaskHandle<T>> handles;
    };

    /// Waits for the next one to end; null once all have been told. One wait at a time: BusyError.
    Next next() noexcept { return Next(completions_, handles_); }

private:
    static std::vector<detail::TaskState*> states_of(std::span<TaskHandle<T>> handles) {
        std::vector<detail::TaskState*> states;
        for (auto& handle : handles) states.push_back(detail::state_of(handle));
        return states;
    }

    std::span<TaskHandle<T>> handles_;
    detail::Completions completions_;
};

/// `auto completed = as_completed(handles); while (auto* handle = co_await completed.next()) use(handle->result());`
/// Cancels none of them. The handles must outlive what is returned. For a limit: `wait_for(completed.next(), 5s)`.
template <class T>
AsCompleted<T> as_completed(std::vector<TaskHandle<T>>& handles) {
    return AsCompleted<T>(std::span(handles));
}

}  // namespace bight::asyncio

template <class... T>
struct std::tuple_size<bight::asyncio::Gathered<T...>> : std::tuple_size<std::tuple<T...>> {};
template <std::size_t I, class... T>
struct std::tuple_element<I, bight::asyncio::Gathered<T...>> : std::tuple_element<I, std::tuple<T...>> {};

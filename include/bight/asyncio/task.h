// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/frame_pool.h>
#include <bight/asyncio/waiter.h>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace bight {

template <class T = void>
class Task;

namespace asyncio::detail {

struct PromiseBase {
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

    struct FinalAwaiter {
        FinalAwaiter() noexcept {}
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
            if (auto next = ended.promise().continuation) return next;
            return std::noop_coroutine();  // a task's: the loop sees it
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    FinalAwaiter final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { error = std::current_exception(); }

    std::coroutine_handle<> continuation;  // who awaits it; null for the outermost frame of a task
    std::exception_ptr error;
};

template <class T>
struct Promise : PromiseBase {
    static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                  "a coroutine's frame is aligned as operator new does");

    Promise() noexcept {}
    ~Promise() {
        if (has_value) std::destroy_at(&value);
    }
    Task<T> get_return_object() noexcept;

    template <class U>
        requires std::is_constructible_v<T, U&&>
    void return_value(U&& returned) {
        std::construct_at(&value, std::forward<U>(returned));
        has_value = true;
    }

    T take() {
        if (error) std::rethrow_exception(error);
        return std::move(value);
    }

    union {
        T value;
    };
    bool has_value = false;
};

template <>
struct Promise<void> : PromiseBase {
    Task<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void take() {
        if (error) std::rethrow_exception(error);
    }
};

/// A coroutine was dropped that nobody had awaited: told in debug mode.
void never_awaited() noexcept;

}  // namespace asyncio::detail

/// A coroutine: what a function with co_await returns. It begins when it is awaited, or given to run() or to a TaskGroup.
///
/// Awaiting runs it as part of the task that awaits: its result is returned, its exception raised. Moved, not copied; to be
/// awaited once. Arguments of a coroutine are kept in its frame: take them by value.
template <class T>
class [[nodiscard]] Task {
public:
    using promise_type = asyncio::detail::Promise<T>;
    using value_type = T;

    explicit Task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    Task(Task&& other) noexcept
        : frame_(std::exchange(other.frame_, nullptr)), begun_(std::exchange(other.begun_, false)) {}
    Task& operator=(Task&& other) noexcept {
        std::swap(frame_, other.frame_);
        std::swap(begun_, other.begun_);
        return *this;
    }
    ~Task() {
        if (!frame_) return;
        if (!begun_) [[unlikely]]
            asyncio::detail::never_awaited();
        frame_.destroy();
    }

    /// False once it has been moved away.
    explicit operator bool() const noexcept { return static_cast<bool>(frame_); }

    bool await_ready() const noexcept { return false; }
    template <class Awaiting>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Awaiting> awaiting) noexcept {
        static_assert(std::is_base_of_v<asyncio::detail::PromiseBase, Awaiting>,
                      "a coroutine of another library awaits ensure_future(task)");
        begun_ = true;
        frame_.promise().continuation = awaiting;
        return frame_;
    }
    T await_resume() { return frame_.promise().take(); }

    /// Gives the frame away, not begun.
    [[nodiscard]] std::coroutine_handle<promise_type> release() noexcept { return std::exchange(frame_, nullptr); }

private:
    std::coroutine_handle<promise_type> frame_;
    bool begun_ = false;
};

template <class T>
Task<T> asyncio::detail::Promise<T>::get_return_object() noexcept {
    return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}

inline Task<void> asyncio::detail::Promise<void>::get_return_object() noexcept {
    return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

namespace asyncio {

namespace detail {

template <class Awaitable>
decltype(auto) awaiter_of(Awaitable& awaitable) {
    if constexpr (requires { awaitable.operator co_await(); })
        return awaitable.operator co_await();
    else
        return (awaitable);
}

}  // namespace detail

/// What co_await gives for `Awaitable`.
template <class Awaitable>
using await_result_t = decltype(detail::awaiter_of(std::declval<Awaitable&>()).await_resume());

}  // namespace asyncio
}  // namespace bight

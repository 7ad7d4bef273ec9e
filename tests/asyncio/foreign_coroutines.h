// SPDX-License-Identifier: BSL-1.0
/// Coroutines of a library that knows nothing of this one.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace foreign {

/// Begins at once. What it raises goes out of resume().
class Eager {
public:
    struct promise_type {
        Eager get_return_object() { return Eager(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const { throw; }
    };

    explicit Eager(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    Eager(Eager&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    Eager& operator=(Eager&&) = delete;
    ~Eager() {
        if (frame_) frame_.destroy();
    }
    bool done() const noexcept { return frame_.done(); }

private:
    std::coroutine_handle<promise_type> frame_;
};

/// Begins when it is awaited, by whatever coroutine.
template <class T>
class Lazy {
public:
    struct promise_type {
        struct Final {
            bool await_ready() const noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> ended) const noexcept {
                return ended.promise().next;
            }
            void await_resume() const noexcept {}
        };
        Lazy get_return_object() { return Lazy(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        Final final_suspend() const noexcept { return {}; }
        void return_value(T returned) { value = std::move(returned); }
        void unhandled_exception() noexcept { error = std::current_exception(); }

        std::coroutine_handle<> next;
        std::optional<T> value;
        std::exception_ptr error;
    };

    struct Awaiter {
        explicit Awaiter(std::coroutine_handle<promise_type> awaited) noexcept : frame(awaited) {}
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> next) const noexcept {
            frame.promise().next = next;
            return frame;
        }
        T await_resume() const {
            if (frame.promise().error) std::rethrow_exception(frame.promise().error);
            return std::move(*frame.promise().value);
        }
        std::coroutine_handle<promise_type> frame;
    };

    explicit Lazy(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    Lazy(Lazy&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    Lazy& operator=(Lazy&&) = delete;
    ~Lazy() {
        if (frame_) frame_.destroy();
    }
    Awaiter operator co_await() && noexcept { return Awaiter(frame_); }

private:
    std::coroutine_handle<promise_type> frame_;
};

/// Lets one coroutine through with a number. Awaited by name.
class Gate {
public:
    Gate() = default;
    Gate(const Gate&) = delete;

    /// Goes on with who waits, at once.
    void open(int number) {
        number_ = number;
        if (waiting_) std::exchange(waiting_, nullptr).resume();
    }

    /// Destroys who waits.
    void remove() { std::exchange(waiting_, nullptr).destroy(); }

    bool await_ready() const noexcept { return number_.has_value(); }
    void await_suspend(std::coroutine_handle<> waiting) noexcept { waiting_ = waiting; }
    int await_resume() const noexcept { return *number_; }

private:
    std::optional<int> number_;
    std::coroutine_handle<> waiting_;
};

}  // namespace foreign

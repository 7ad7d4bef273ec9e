// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/wait_list.h>

#include <coroutine>
#include <cstdint>
#include <initializer_list>

namespace bight::asyncio {

namespace detail {
class Signals;
}

/// Signals as something to wait for: `SignalReceiver stop({SIGINT, SIGTERM}); int sig = co_await stop.receive();`
///
/// From its beginning to its end these signals do nothing else, and none is lost between two waits; the same one twice may
/// count once, as signals do. They are blocked in this thread, which is to be the loop's, and so in threads that it begins
/// meanwhile; a thread that was begun before and does not block them may still get them. As EventLoop::add_signal_handler(),
/// raises ValueError for what is no signal, RuntimeError for SIGKILL and SIGSTOP, OSError.
class SignalReceiver {
public:
    explicit SignalReceiver(std::initializer_list<int> signals);
    ~SignalReceiver();
    SignalReceiver(const SignalReceiver&) = delete;
    SignalReceiver& operator=(const SignalReceiver&) = delete;

    struct [[nodiscard]] Wait : detail::ListedWaiter {
        explicit Wait(SignalReceiver& from) noexcept : ListedWaiter(&end_wait), receiver(&from) {}
        bool await_ready() noexcept;
        void await_suspend(detail::TaskCoroutine coroutine) noexcept { enlist(coroutine, receiver->waiters_); }
        int await_resume() const {
            raise_if_cancelled();
            return sig;
        }
        static void end_wait(detail::Waiter& waiter) noexcept;
        SignalReceiver* receiver;
        int sig = 0;
    };

    /// Waits for the next one, and returns its number; the lowest of several.
    Wait receive() noexcept { return Wait(*this); }

    /// By the loop: that signal has come.
    void deliver(int sig) noexcept;

    std::uint64_t signals() const noexcept { return signals_; }
    SignalReceiver* next_receiver = nullptr;

private:
    friend class detail::Signals;

    detail::Signals* taker_;  // null once its loop has ended
    detail::WaitList waiters_;
    std::uint64_t signals_ = 0;  // signal n is bit n - 1
    std::uint64_t pending_ = 0;
};

}  // namespace bight::asyncio

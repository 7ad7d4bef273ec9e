// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/metrics.h>
#include <bight/asyncio/readiness.h>
#include <bight/asyncio/task.h>
#include <bight/asyncio/task_group.h>
#include <bight/engine/timer.h>
#include <bight/time.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace bight::asyncio {

/// How a loop reaches the kernel. Unset in the environment (BIGHT_ENGINE) and in the options: automatic.
enum class EngineChoice : std::uint8_t { automatic, uring, epoll };

struct LoopOptions {
    EngineChoice engine = EngineChoice::automatic;
    bool debug = false;        // as BIGHT_DEBUG=1 in the environment
    bool observable = false;   // `bight ps` of the same user may ask for its tasks; as BIGHT_PS=1 in the environment.
                               // Each time the loop stands still while all of them are listed
    bool measure_lag = false;  // for metrics(); two looks at the clock a turn and one for each callback

    static constexpr int most_observable = 256;  // loops of a process
};

namespace detail {

struct Loop;

/// A callback on its way: cancelled ones are not called.
struct CallState : engine::Runnable {
    virtual ~CallState() = default;
    virtual void call() = 0;
    std::uint32_t holders = 1;
    bool cancelled = false;
};

struct TimedCallState : CallState, engine::Timer {
    Loop* loop = nullptr;
};

template <class Base, class Function>
struct CallOf final : Base {
    explicit CallOf(Function f) : function(std::move(f)) {}
    void call() override { function(); }
    Function function;
};

template <class Function, class... Arguments>
auto bind(Function&& function, Arguments&&... arguments) {
    return [f = std::decay_t<Function>(std::forward<Function>(function)),
            ... a = std::decay_t<Arguments>(std::forward<Arguments>(arguments))]() mutable { f(a...); };
}

void release(CallState* call) noexcept;

}  // namespace detail

/// A callback that was asked for: asyncio.Handle.
class Handle {
public:
    explicit Handle(detail::CallState& call) noexcept : call_(&call) { ++call.holders; }
    Handle(Handle&& other) noexcept : call_(std::exchange(other.call_, nullptr)) {}
    Handle& operator=(Handle&& other) noexcept {
        std::swap(call_, other.call_);
        return *this;
    }
    ~Handle() { detail::release(call_); }

    void cancel() noexcept { call_->cancelled = true; }
    bool cancelled() const noexcept { return call_->cancelled; }

private:
    detail::CallState* call_;
};

/// A callback with a time: asyncio.TimerHandle.
class TimerHandle {
public:
    explicit TimerHandle(detail::TimedCallState& call) noexcept : call_(&call) { ++call.holders; }
    TimerHandle(TimerHandle&& other) noexcept : call_(std::exchange(other.call_, nullptr)) {}
    TimerHandle& operator=(TimerHandle&& other) noexcept {
        std::swap(call_, other.call_);
        return *this;
    }
    ~TimerHandle() { detail::release(call_); }

    void cancel() noexcept;
    bool cancelled() const noexcept { return call_->cancelled; }
    engine::TimePoint when() const noexcept { return call_->when; }

private:
    detail::TimedCallState* call_;
};

/// The loop of one thread: runs tasks and callbacks, and waits for what they wait for.
///
/// run() makes one and is what most programs need. All calls are for the loop's thread, but call_soon_threadsafe().
class EventLoop {
public:
    /// Raises OSError where no engine can be had: where one was asked for by name, or for want of descriptors or memory.
    explicit EventLoop(const LoopOptions& options = {});
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    /// Cancels what is left, in whatever group or server, and waits for its end. In a child of fork(2) does nothing: there
    /// a loop of the parent's cannot run, and its tasks and descriptors stay as they are.
    ~EventLoop();

    // ---- Running. ----------------------------------------------------------------------------------------------------

    /// Runs until `task` has ended. Raises what it raises; RuntimeError where stop() came first: the task then goes on with
    /// the loop's next run. RuntimeError, too, where the loop runs already, or another one does in this thread, or it is of
    /// the process that fork(2) has made this one of.
    template <class T>
    T run_until_complete(Task<T> task) {
        require_idle();
        TaskHandle<T> handle = create_task(std::move(task));
        run_until(*handle.task_);
        return handle.result();
    }

    /// Runs until stop().
    void run_forever();

    /// Ends run_forever() after this turn, or run_until_complete(), which raises.
    void stop() noexcept;

    bool is_running() const noexcept;

    /// Cancels every task that is left, and waits for their ends.
    void cancel_all_tasks();

    // ---- Callbacks. --------------------------------------------------------------------------------------------------

    /// Calls `function(arguments...)` in the next turn. What it raises goes to the exception handler.
    template <class Function, class... Arguments>
    Handle call_soon(Function&& function, Arguments&&... arguments) {
        auto& call = make<detail::CallState>(std::forward<Function>(function), std::forward<Arguments>(arguments)...);
        Handle handle(call);
        call_soon_(call);
        return handle;
    }

    template <class Function, class... Arguments>
    TimerHandle call_later(Duration delay, Function&& function, Arguments&&... arguments) {
        return call_at(after(delay), std::forward<Function>(function), std::forward<Arguments>(arguments)...);
    }

    template <class Function, class... Arguments>
    TimerHandle call_at(engine::TimePoint when, Function&& function, Arguments&&... arguments) {
        auto& call = make<detail::TimedCallState>(std::forward<Function>(function),
                                                  std::forward<Arguments>(arguments)...);
        TimerHandle handle(call);
        call_at_(call, when);
        return handle;
    }

    /// As call_soon(), from any thread; wakes the loop. Each is called once, in the order of a thread's calls. What is
    /// still waiting when the loop is destroyed is not called.
    template <class Function, class... Arguments>
    void call_soon_threadsafe(Function&& function, Arguments&&... arguments) {
        call_soon_threadsafe_(
            make<detail::CallState>(std::forward<Function>(function), std::forward<Arguments>(arguments)...));
    }

    /// A task of the loop itself, cancelled when run() ends. An error of it goes to the exception handler: at its end where
    /// nobody holds a handle, otherwise when the last one goes and has not been asked; to standard error where no loop runs
    /// then.
    template <class T>
    TaskHandle<T> create_task(Task<T> task) {
        auto& promise = task.release().promise();
        return TaskHandle<T>(detail::spawn(core(), root(), promise), promise);
    }

    // ---- Descriptors of others. --------------------------------------------------------------------------------------

    /// Calls `function(arguments...)` in every turn in which `fd` can be read from: again and again, until it was read or
    /// remove_reader() was said. In place of what was called for it before. What it raises goes to the exception handler.
    /// The flags of the descriptor are not touched. Say remove_reader() before closing it, or let the callback itself close
    /// it. Raises OSError: EBADF, and EPERM for a file on a disk where the engine is epoll.
    template <class Function, class... Arguments>
    void add_reader(int fd, Function&& function, Arguments&&... arguments) {
        watch(fd, detail::Side::reading,
              make<detail::CallState>(std::forward<Function>(function), std::forward<Arguments>(arguments)...));
    }

    /// As add_reader(), where it can be written to.
    template <class Function, class... Arguments>
    void add_writer(int fd, Function&& function, Arguments&&... arguments) {
        watch(fd, detail::Side::writing,
              make<detail::CallState>(std::forward<Function>(function), std::forward<Arguments>(arguments)...));
    }

    /// False where nothing was called for it.
    bool remove_reader(int fd) noexcept;
    bool remove_writer(int fd) noexcept;

    // ---- Signals. ----------------------------------------------------------------------------------------------------

    /// Calls `function(arguments...)` in the loop, not in a signal's context, when that signal comes; in place of what was
    /// called for it before. To be called in the thread that runs the loop: it blocks the signal there until
    /// remove_signal_handler(), or the end of the loop, and so do threads and not children that are begun meanwhile.
    /// Raises ValueError for what is no signal, RuntimeError for SIGKILL and SIGSTOP, OSError. SignalReceiver is the same
    /// to wait for.
    template <class Function, class... Arguments>
    void add_signal_handler(int sig, Function&& function, Arguments&&... arguments) {
        handle_signal(sig,
                      make<detail::CallState>(std::forward<Function>(function), std::forward<Arguments>(arguments)...));
    }

    /// False where nothing was called for it.
    bool remove_signal_handler(int sig) noexcept;

    // ---- Time and facts. ---------------------------------------------------------------------------------------------

    /// The loop's clock: CLOCK_MONOTONIC, or the simulation's.
    engine::TimePoint time() const noexcept;

    /// "uring", "epoll" or "sim".
    std::string_view engine() const noexcept;

    /// Why it is that one: "asked for", or what refused io_uring.
    const std::string& engine_reason() const noexcept;

    bool get_debug() const noexcept;
    void set_debug(bool on) noexcept;

    /// What holds the loop up for so long is told on standard error in debug mode: 100 ms unless set.
    Duration slow_callback_duration() const noexcept;
    void set_slow_callback_duration(Duration limit) noexcept;

    /// What it has counted so far; to_text() of it is for Prometheus.
    LoopMetrics metrics() const noexcept;

    // ---- Errors that nobody waits for. -------------------------------------------------------------------------------

    /// Called with the error and what it came from; by default both are written to standard error, ten in a second at
    /// most: how many were left out is said with the next one. Where a handler raises, the error that it was
    /// given is written so, and its own is not told.
    using ExceptionHandler = void (*)(void* context, std::exception_ptr error, std::string_view where);
    void set_exception_handler(ExceptionHandler handler, void* context = nullptr) noexcept;
    void call_exception_handler(std::exception_ptr error, std::string_view where) noexcept;

private:
    friend struct detail::Loop;
    explicit EventLoop(std::unique_ptr<detail::Loop> loop) noexcept;

    template <class Base, class Function, class... Arguments>
    static Base& make(Function&& function, Arguments&&... arguments) {
        auto bound = detail::bind(std::forward<Function>(function), std::forward<Arguments>(arguments)...);
        return *new detail::CallOf<Base, decltype(bound)>(std::move(bound));
    }

    engine::TimePoint after(Duration delay) const noexcept;
    void call_soon_(detail::CallState& call) noexcept;
    void call_at_(detail::TimedCallState& call, engine::TimePoint when) noexcept;
    void call_soon_threadsafe_(detail::CallState& call) noexcept;
    void handle_signal(int sig, detail::CallState& call);
    void watch(int fd, detail::Side side, detail::CallState& call);
    detail::LoopCore& core() noexcept;
    detail::TaskSet& root() noexcept;
    void require_idle() const;
    void run_until(const detail::TaskState& task);

    std::unique_ptr<detail::Loop> loop_;
};

/// The loop that runs in this thread. Raises RuntimeError where none does.
EventLoop& get_running_loop();

/// Makes a loop, runs `task` in it, cancels what that has left behind, and returns or raises what it did; RuntimeError
/// where stop() came first. Unlike Python's it does nothing about SIGINT: a SignalReceiver or add_signal_handler() does.
template <class T>
T run(Task<T> task, const LoopOptions& options = {}) {
    EventLoop loop(options);
    return loop.run_until_complete(std::move(task));
}

}  // namespace bight::asyncio

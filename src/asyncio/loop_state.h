// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/loop.h>
#include <bight/asyncio/metrics.h>
#include <bight/resolver_pool.h>

#include "asyncio/children.h"
#include "asyncio/report_limit.h"
#include "asyncio/signals.h"
#include "asyncio/watches.h"
#include "engine/choose.h"
#include "engine/engine.h"
#include "engine/pipe.h"
#include "engine/timer_wheel.h"
#include "sys/forks.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace bight::asyncio::detail {

class ThreadPool;

/// A loop's inside: the queue, the clock, the engine, and who is waited for.
struct Loop : LoopCore {
    using MakeEngine = std::unique_ptr<engine::Engine> (*)(void* context, engine::RunQueue& ready);

    /// With an engine that `make` makes, if it is given: a simulation's.
    explicit Loop(const LoopOptions& options, MakeEngine make = nullptr, void* context = nullptr);
    static std::unique_ptr<EventLoop> with_engine(const LoopOptions& options, MakeEngine make, void* context);
    static Loop& of(EventLoop& loop) noexcept { return *loop.loop_; }
    ~Loop();

    /// The loop of this thread. Raises RuntimeError where none runs.
    static Loop& running() { return static_cast<Loop&>(loop_core()); }

    /// Runs what was ready when this began, and what is due. With wait(), a turn.
    void run_ready() noexcept;

    /// The same, with a look at the clock around each callback: in debug mode, and where lag is measured.
    void run_measured(engine::Runnable* next) noexcept;

    LoopMetrics metrics() const noexcept;

    /// Collects what the engine has; waits for that, or for a time, where nothing else is to be done.
    void wait() noexcept;

    /// Queues something from any thread. It must live until it has run.
    void post(engine::Runnable& runnable) noexcept;

    /// Until no thread is in post().
    void wait_for_posting() const noexcept;

    /// In debug mode: that task has ended, in the step that runs. Its name is kept for what may be said of that step.
    void note_end(const TaskState& task) noexcept;

    /// Forgets the callbacks that have not run.
    void drop_calls() noexcept;

    /// An error that nobody waits for. Where it is printed, ten in a second at most; the others are counted.
    void report(std::exception_ptr error, std::string_view where) noexcept;
    void report_left_out() noexcept;

    /// Look-ups of names, in threads that are begun when they are needed.
    socket::ResolverPool& resolver();

    /// Threads for what blocks, likewise.
    ThreadPool& threads();

    /// Tasks that nobody else answers for.
    struct Root final : TaskSet {
        void ended(TaskState& task) noexcept override;
    };

    /// Cancels all tasks, those in groups and servers too, and runs until none is left.
    void drain() noexcept;

    /// Whether it is a callback, which keeps its place behind those that were asked for before it.
    static bool is_call(const engine::Runnable& runnable) noexcept;

    const std::string& engine_reason() const noexcept { return chosen_.reason; }

private:
    engine::Chosen chosen_;

public:
    const std::thread::id thread = std::this_thread::get_id();
    const sys::Birthplace birthplace;
    EventLoop* facade = nullptr;
    std::unique_ptr<engine::Engine> engine;
    engine::TimerWheel timers;
    TaskSet* sets = nullptr;  // those that have tasks
    Root root;
    Watches watches{*this};
    Signals signals{*this};
    engine::Pipes pipes{ready};
    Children children{*this};
    bool stopping = false;
    bool debug = false;
    bool measures_lag = false;
    Duration slow_callback = std::chrono::milliseconds(100);
    EventLoop::ExceptionHandler exception_handler = nullptr;
    void* exception_context = nullptr;
    std::uint64_t task_ids = 0;
    std::uint64_t live_tasks = 0;
    std::uint64_t accepted = 0;     // connections
    std::uint64_t resumptions = 0;  // coroutines of others that are about to go on

private:
    void take_posted() noexcept;
    void report_slow(Duration took) noexcept;
    std::string name_of_last() const;

    LagHistogram lag_;
    std::uint64_t slow_callbacks_ = 0;

    ReportLimit report_limit_;
    ReportLimit slow_limit_;  // of slow callbacks: they must not hide errors
    std::string ended_name_;
    std::uint64_t ended_task_ = 0;
    std::unique_ptr<socket::ResolverPool> resolver_;
    std::unique_ptr<ThreadPool> threads_;
    std::atomic<unsigned> posting_{0};                // threads that are about it
    std::atomic<engine::Runnable*> posted_{nullptr};  // the last one first
};

/// Makes `loop` the running one of this thread while this lives.
class Entered {
public:
    explicit Entered(Loop& loop) noexcept : before_(std::exchange(running_loop, &loop)) {}
    ~Entered() { running_loop = before_; }
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;

private:
    LoopCore* before_;
};

}  // namespace bight::asyncio::detail

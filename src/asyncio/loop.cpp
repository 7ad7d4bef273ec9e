// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/loop.h>

#include <bight/error.h>
#include <bight/printable.h>

#include "asyncio/loop_state.h"
#include "asyncio/observer.h"
#include "asyncio/task_access.h"
#include "asyncio/thread_pool.h"
#include "engine/choose.h"
#include "sys/environment.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <thread>
#include <utility>

namespace bight::asyncio {
namespace detail {

// ---- The inside. -------------------------------------------------------------------------------------------------------

namespace {

engine::Choice choice_of(EngineChoice choice) noexcept {
    switch (choice) {
        case EngineChoice::uring: return engine::Choice::uring;
        case EngineChoice::epoll: return engine::Choice::epoll;
        case EngineChoice::automatic: break;
    }
    return engine::Choice::automatic;
}

bool is_set(const char* variable) noexcept {
    const char* value = sys::environment(variable);
    return value && std::string_view(value) == "1";
}

engine::Chosen choose_engine(const LoopOptions& options, engine::RunQueue& ready) {
    return engine::choose(choice_of(options.engine), ready);
}

std::string text_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& known) {
        return known.what();
    } catch (...) {
        return "an exception of unknown type";
    }
}

}  // namespace

Loop::Loop(const LoopOptions& options, MakeEngine make, void* context)
    : chosen_(make ? engine::Chosen{make(context, ready), "asked for"} : choose_engine(options, ready)),
      engine(std::move(chosen_.engine)),
      timers(engine->now()),
      debug(options.debug || is_set("BIGHT_DEBUG")),
      measures_lag(options.measure_lag) {}

Loop::~Loop() = default;

std::unique_ptr<EventLoop> Loop::with_engine(const LoopOptions& options, MakeEngine make, void* context) {
    return std::unique_ptr<EventLoop>(new EventLoop(std::make_unique<Loop>(options, make, context)));
}

void Loop::run_ready() noexcept {
    take_posted();
    engine::Runnable* next = ready.take_all();
    if (measures_lag || debug) [[unlikely]]
        run_measured(next);
    else
        while (engine::Runnable* runnable = next) {
            next = runnable->next;
            runnable->run(*runnable);
        }
    if (timers.size() > 0) timers.run(engine->now());
}

void Loop::run_measured(engine::Runnable* next) noexcept {
    if (!next) return;
    auto begin = engine->now(), before = begin;
    while (engine::Runnable* runnable = next) {
        next = runnable->next;
        last_task = 0;
        runnable->run(*runnable);
        auto after = engine->now();
        if (debug && after - before >= slow_callback) report_slow(after - before);
        before = after;
    }
    lag_.record(before - begin);
}

void Loop::report_slow(Duration took) noexcept {
    ++slow_callbacks_;
    if (!slow_limit_.admits(engine->now())) return;
    try {
        std::chrono::duration<double> seconds(took);
        std::cerr << "bight: " + printable(name_of_last()) + " held the loop up for " +
                         std::to_string(seconds.count()) + " seconds\n";
    } catch (...) {}  // no memory to say it
}

std::string Loop::name_of_last() const {
    if (last_task == 0) return "a callback";
    for (TaskSet* set = sets; set; set = TaskAccess::next(*set))
        for (TaskState* task = set->first(); task; task = task->next_in_set)
            if (task->id == last_task) return name_of(*task);
    return last_task == ended_task_ ? ended_name_ : "Task-" + std::to_string(last_task);
}

void Loop::note_end(const TaskState& task) noexcept {
    try {
        ended_name_ = name_of(task);
        ended_task_ = task.id;
    } catch (...) {
        ended_task_ = 0;
    }
}

LoopMetrics Loop::metrics() const noexcept {
    const auto& counters = engine->counters();
    return {counters.turns,
            counters.completions,
            counters.no_buffers,
            counters.channels,
            accepted,
            live_tasks,
            task_ids,
            slow_callbacks_,
            measures_lag || debug,
            lag_};
}

namespace {

/// It has its parent's queues before it, and would take what is the parent's.
[[noreturn]] void end_in_a_child() noexcept {
    std::fputs("bight: a child of fork() went on in an event loop of its parent's\n", stderr);
    std::abort();
}

}  // namespace

void Loop::wait() noexcept {
    if (!birthplace.is_here()) [[unlikely]]
        end_in_a_child();
    bool nothing_to_do = ready.empty() && !posted_.load(std::memory_order_relaxed);
    engine->run_once(nothing_to_do, nothing_to_do ? timers.next() : std::nullopt);
}

void Loop::post(engine::Runnable& runnable) noexcept {
    // What is posted may end the loop at once: its end waits until this is through with it.
    posting_.fetch_add(1, std::memory_order_relaxed);
    engine::Runnable* last = posted_.load(std::memory_order_relaxed);
    do {
        runnable.next = last;
    } while (!posted_.compare_exchange_weak(last, &runnable, std::memory_order_release, std::memory_order_relaxed));
    if (!last) engine->wake();  // whoever was first wakes it for all
    posting_.fetch_sub(1, std::memory_order_release);
}

void Loop::wait_for_posting() const noexcept {
    while (posting_.load(std::memory_order_acquire) != 0) std::this_thread::yield();
}

void Loop::take_posted() noexcept {
    if (!posted_.load(std::memory_order_relaxed)) return;
    engine::Runnable* last = posted_.exchange(nullptr, std::memory_order_acquire);
    engine::Runnable* first = nullptr;
    while (last) first = std::exchange(last, std::exchange(last->next, first));
    while (first) ready.push(*std::exchange(first, first->next));
}

namespace {

void print_error(const std::exception_ptr& error, std::string_view where) noexcept {
    try {
        std::cerr << "bight: " + printable("error in " + std::string(where) + ": " + text_of(error)) + '\n';
    } catch (...) {}  // nobody is left to tell
}

}  // namespace

void Loop::report(std::exception_ptr error, std::string_view where) noexcept {
    if (exception_handler) {
        try {
            return exception_handler(exception_context, error, where);
        } catch (...) {}  // told as if there were none
    }
    if (!report_limit_.admits(engine->now())) return;
    report_left_out();
    print_error(error, where);
}

void Loop::report_left_out() noexcept {
    auto tell = [](ReportLimit& limit, std::string_view what) {
        auto count = limit.take_left_out();
        if (count == 0) return;
        std::cerr << "bight: " + std::to_string(count) + " more " + std::string(what) + " came too fast to be told\n";
    };
    try {
        tell(report_limit_, "errors");
        tell(slow_limit_, "slow callbacks");
    } catch (...) {}
}

void Loop::Root::ended(TaskState& task) noexcept {
    if (task.outcome != TaskState::Outcome::raised) return;
    task.untold = task.handles > 0;
    if (!task.untold) Loop::running().report(task.frame.promise().error, name_of(task));
}

void tell_of_error(const TaskState& task) noexcept {
    const auto& error = task.frame.promise().error;
    try {
        std::string where = name_of(task) + ", which nobody has asked for it";
        if (running_loop) return Loop::running().report(error, where);
        print_error(error, where);
    } catch (...) {}  // no memory to say it
}

socket::ResolverPool& Loop::resolver() {
    if (!resolver_) resolver_ = std::make_unique<socket::ResolverPool>();
    return *resolver_;
}

ThreadPool& Loop::threads() {
    if (!threads_) threads_ = std::make_unique<ThreadPool>(*this);
    return *threads_;
}

void Loop::drain() noexcept {
    TaskAccess::cancel_all(*this);
    for (run_ready(); live_tasks > 0 || resumptions > 0; run_ready()) {
        wait();
        TaskAccess::cancel_all(*this);  // tasks that were begun meanwhile
    }
}

void never_awaited() noexcept {
    if (!running_loop || !Loop::running().debug) return;
    try {
        Loop::running().report(std::make_exception_ptr(RuntimeError("a coroutine was never awaited")), "debug mode");
    } catch (...) {}  // no memory to say it
}

namespace {

/// They would point into an engine that is gone.
[[noreturn]] void end_for_streams_that_outlive_their_loop(std::uint64_t count) noexcept {
    std::fputs(("bight: " + std::to_string(count) + " of a loop's streams, servers or ports outlive it\n").c_str(),
               stderr);
    std::abort();
}

}  // namespace

void require_no_running_loop(const Loop& loop) {
    if (!loop.birthplace.is_here()) throw RuntimeError("an event loop of the parent's, in a child of fork()");
    if (loop.thread != std::this_thread::get_id())
        throw RuntimeError("an event loop is run by the thread that made it");
    if (running_loop == &loop) throw RuntimeError("this event loop is already running");
    if (running_loop && Loop::running().birthplace.is_here())
        throw RuntimeError("cannot run the event loop while another loop is running");
}

void release(CallState* call) noexcept {
    if (call && --call->holders == 0) delete call;
}

namespace {

/// The callback's turn has come.
void run_call(engine::Runnable& runnable) noexcept {
    auto& call = static_cast<CallState&>(runnable);
    if (!call.cancelled) {
        try {
            call.call();
        } catch (...) {
            Loop::running().report(std::current_exception(), "a callback");
        }
    }
    release(&call);
}

void timed_call_due(engine::Timer& timer) noexcept {
    auto& call = static_cast<TimedCallState&>(timer);
    call.loop->ready.push(call);
}

}  // namespace

bool Loop::is_call(const engine::Runnable& runnable) noexcept { return runnable.run == &run_call; }

void Loop::drop_calls() noexcept {
    while (engine::Timer* timer = timers.any()) {
        timers.remove(*timer);
        if (timer->due == &timed_call_due) release(static_cast<TimedCallState*>(timer));
    }
    while (engine::Runnable* runnable = ready.pop())
        if (runnable->run == &run_call) release(static_cast<CallState*>(runnable));
    engine::Runnable* posted = posted_.exchange(nullptr);
    while (posted) {
        engine::Runnable* runnable = std::exchange(posted, posted->next);
        if (runnable->run == &run_call) release(static_cast<CallState*>(runnable));
    }
}

}  // namespace detail

// ---- Handles. ----------------------------------------------------------------------------------------------------------

void TimerHandle::cancel() noexcept {
    if (std::exchange(call_->cancelled, true) || !call_->is_armed()) return;
    call_->loop->timers.remove(*call_);
    detail::release(call_);
}

// ---- EventLoop. --------------------------------------------------------------------------------------------------------

EventLoop::EventLoop(const LoopOptions& options) : EventLoop(std::make_unique<detail::Loop>(options)) {
    if (options.observable || detail::is_set("BIGHT_PS")) detail::observe(*this);
}

EventLoop::EventLoop(std::unique_ptr<detail::Loop> loop) noexcept : loop_(std::move(loop)) { loop_->facade = this; }

EventLoop::~EventLoop() {
    if (!loop_) return;
    if (!loop_->birthplace.is_here()) {
        (void)loop_.release();  // its tasks cannot end here
        return;
    }
    detail::Entered entered(*loop_);
    loop_->drain();
    loop_->report_left_out();
    loop_->children.close();
    loop_->signals.close();
    loop_->watches.close();
    loop_->drop_calls();
    if (auto left = loop_->engine->counters().channels; left > 0) detail::end_for_streams_that_outlive_their_loop(left);
    loop_->wait_for_posting();
    loop_->engine.reset();
}

bool EventLoop::is_running() const noexcept { return detail::running_loop == loop_.get(); }

void EventLoop::require_idle() const { detail::require_no_running_loop(*loop_); }

void EventLoop::run_until(const detail::TaskState& task) {
    detail::Entered entered(*loop_);
    loop_->engine->be_thorough();
    auto runs = [&] { return task.outcome == detail::TaskState::Outcome::running; };
    for (loop_->run_ready(); runs() && !loop_->stopping; loop_->run_ready()) loop_->wait();
    loop_->engine->hand_over();
    loop_->stopping = false;
    if (runs()) throw RuntimeError("Event loop stopped before Future completed.");
}

void EventLoop::run_forever() {
    detail::require_no_running_loop(*loop_);
    detail::Entered entered(*loop_);
    loop_->engine->be_thorough();
    for (loop_->run_ready(); !loop_->stopping; loop_->run_ready()) loop_->wait();
    loop_->engine->hand_over();
    loop_->stopping = false;
}

void EventLoop::stop() noexcept { loop_->stopping = true; }

void EventLoop::cancel_all_tasks() {
    detail::require_no_running_loop(*loop_);
    detail::Entered entered(*loop_);
    loop_->drain();
}

engine::TimePoint EventLoop::time() const noexcept { return loop_->engine->now(); }
std::string_view EventLoop::engine() const noexcept { return loop_->engine->name(); }
const std::string& EventLoop::engine_reason() const noexcept { return loop_->engine_reason(); }
bool EventLoop::get_debug() const noexcept { return loop_->debug; }
void EventLoop::set_debug(bool on) noexcept { loop_->debug = on; }

Duration EventLoop::slow_callback_duration() const noexcept { return loop_->slow_callback; }
void EventLoop::set_slow_callback_duration(Duration limit) noexcept { loop_->slow_callback = limit; }
LoopMetrics EventLoop::metrics() const noexcept { return loop_->metrics(); }

void EventLoop::set_exception_handler(ExceptionHandler handler, void* context) noexcept {
    loop_->exception_handler = handler;
    loop_->exception_context = context;
}

void EventLoop::call_exception_handler(std::exception_ptr error, std::string_view where) noexcept {
    loop_->report(std::move(error), where);
}

engine::TimePoint EventLoop::after(Duration delay) const noexcept {
    auto now = loop_->engine->now();
    if (delay <= Duration::zero()) return now;
    return delay < engine::TimePoint::max() - now ? now + delay : engine::TimePoint::max();
}

void EventLoop::call_soon_(detail::CallState& call) noexcept {
    call.run = &detail::run_call;
    loop_->ready.push(call);
}

void EventLoop::call_at_(detail::TimedCallState& call, engine::TimePoint when) noexcept {
    call.run = &detail::run_call;
    call.loop = loop_.get();
    call.when = when;
    call.due = &detail::timed_call_due;
    loop_->timers.add(call);
}

void EventLoop::call_soon_threadsafe_(detail::CallState& call) noexcept {
    call.run = &detail::run_call;
    loop_->post(call);
}

detail::LoopCore& EventLoop::core() noexcept { return *loop_; }
detail::TaskSet& EventLoop::root() noexcept { return loop_->root; }

EventLoop& get_running_loop() { return *detail::Loop::running().facade; }

}  // namespace bight::asyncio

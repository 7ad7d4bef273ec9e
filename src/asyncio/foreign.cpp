// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/foreign.h>

#include <bight/asyncio/cancelled.h>
#include <bight/error.h>

#include "asyncio/loop_state.h"
#include "asyncio/task_access.h"

#include <exception>
#include <utility>

namespace bight::asyncio::detail {

// ---- Theirs wait for ours. ---------------------------------------------------------------------------------------------

/// The coroutine that is to go on, in the loop's queue: it stays there where the wait is gone meanwhile.
struct ForeignWait::Resumption : engine::Runnable {
    Resumption(ForeignWait& of, std::coroutine_handle<> what) noexcept : wait(&of), coroutine(what) { run = &go_on; }

    static void go_on(engine::Runnable& runnable) noexcept {
        auto* self = static_cast<Resumption*>(&runnable);
        ForeignWait* wait = self->wait;
        auto coroutine = self->coroutine;
        delete self;
        Loop& loop = Loop::running();
        --loop.resumptions;
        if (!wait) return;
        wait->resumption_ = nullptr;
        try {
            coroutine.resume();
        } catch (const Cancelled&) {  // as tasks may end by it
        } catch (...) {
            loop.report(std::current_exception(), "a coroutine of another library");
        }
    }

    ForeignWait* wait;
    std::coroutine_handle<> coroutine;
};

ForeignWait::ForeignWait(TaskState& awaited) noexcept : TaskWaiter(awaited), awaited_(&awaited) {
    told = [](TaskWaiter& waiter, const TaskState&) noexcept {
        Loop& loop = Loop::running();
        ++loop.resumptions;
        loop.ready.push(*static_cast<ForeignWait&>(waiter).resumption_);
    };
    grasp(awaited);
}

ForeignWait::~ForeignWait() {
    if (resumption_ && task) {
        forget_end(*this);
        delete resumption_;
    } else if (resumption_) {
        resumption_->wait = nullptr;
    }
    let_go(*awaited_);
}

void ForeignWait::wait(std::coroutine_handle<> coroutine) {
    resumption_ = new Resumption(*this, coroutine);
    watch_for_end(*this);
}

PromiseBase& ForeignWait::promise() const {
    require_done(*awaited_);
    awaited_->untold = false;
    return awaited_->frame.promise();
}

TaskState& begin_in_running_loop(PromiseBase& promise) {
    Loop& loop = Loop::running();
    return spawn(loop, loop.root, promise);
}

void require_running(const LoopCore* loop) {
    if (&loop_core() != loop) throw RuntimeError("a task is awaited in the thread of its own loop");
}

// ---- Ours wait for theirs. ---------------------------------------------------------------------------------------------

namespace {

struct Relay {
    struct promise_type {
        promise_type(LoopCore* of, engine::Runnable* which, bool* is_abandoned) noexcept
            : loop(of), waiting(which), abandoned(is_abandoned) {}
        ~promise_type() {
            if (!waiting) return;
            *abandoned = true;
            queue();
        }

        /// From another thread: the waiting one may be gone at once.
        void queue() noexcept {
            engine::Runnable& next = *std::exchange(waiting, nullptr);
            if (running_loop == loop)
                loop->ready.push(next);
            else
                static_cast<Loop*>(loop)->post(next);
        }

        Relay get_return_object() noexcept { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() noexcept { queue(); }
        void unhandled_exception() const noexcept { std::terminate(); }  // nothing in it raises

        LoopCore* loop;
        engine::Runnable* waiting;
        bool* abandoned;
    };
    std::coroutine_handle<> frame;
};

Relay relay(LoopCore*, engine::Runnable*, bool*) { co_return; }

}  // namespace

std::coroutine_handle<> RelayedWait::make_relay() { return relay(running_loop, this, &abandoned_).frame; }

void RelayedWait::discard(std::coroutine_handle<> relay) noexcept {
    auto frame = std::coroutine_handle<Relay::promise_type>::from_address(relay.address());
    frame.promise().waiting = nullptr;
    frame.destroy();
}

}  // namespace bight::asyncio::detail

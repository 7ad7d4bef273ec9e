// SPDX-License-Identifier: BSL-1.0
/// Event, Lock, Semaphore, Condition, Barrier: for tasks of one loop.
///
/// None of them allocates for a wait. Who waits is served in the order of coming. A wait that is cancelled has no effect:
/// what it had been given already, and not yet seen, goes to the next one. Each must outlive those that wait on it.
#pragma once

#include <bight/asyncio/task.h>
#include <bight/asyncio/task_group.h>
#include <bight/asyncio/wait_list.h>
#include <bight/error.h>

#include <coroutine>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace bight::asyncio {

/// A barrier was broken by abort(), or reset() under those that waited.
class BrokenBarrierError : public RuntimeError {
    using RuntimeError::RuntimeError;
};

/// What was acquired of a Lock or a Semaphore: given back when this goes. Python's `async with`.
template <class Of>
class [[nodiscard]] Held {
public:
    explicit Held(Of& of) noexcept : of_(&of) {}
    Held(Held&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Held& operator=(Held&& other) noexcept {
        std::swap(of_, other.of_);
        return *this;
    }
    ~Held() { release(); }

    /// Gives it back now; nothing where that was done before.
    void release() noexcept {
        if (of_) std::exchange(of_, nullptr)->give_back();
    }

    /// Keeps it acquired past this object: give it back by the release() of the lock itself.
    void detach() noexcept { of_ = nullptr; }

private:
    Of* of_;
};

namespace detail {

/// The wait of an acquire(). `Source` has take(): what is wanted, if it is there; give_back(); waiters_.
template <class Source>
struct [[nodiscard]] Acquire : ListedWaiter {
    explicit Acquire(Source& wanted) noexcept : ListedWaiter(&pass_on), source(&wanted) {}

    bool await_ready() noexcept { return begin() || (source->take() && take_turn()); }
    void await_suspend(detail::TaskCoroutine coroutine) noexcept { enlist(coroutine, source->waiters_); }
    Held<Source> await_resume() {
        raise_if_cancelled();
        return Held<Source>(*source);
    }
    static void pass_on(Waiter& waiter) noexcept {
        auto& wait = static_cast<Acquire&>(waiter);
        if (wait.end(wait.source->waiters_)) wait.source->give_back();
    }

    Source* source;
};

}  // namespace detail

// ---- Event. ------------------------------------------------------------------------------------------------------------

/// A flag that tasks wait for.
class Event {
public:
    bool is_set() const noexcept { return is_set_; }

    /// Wakes all who wait.
    void set() noexcept {
        is_set_ = true;
        waiters_.wake_all();
    }
    void clear() noexcept { is_set_ = false; }

    struct [[nodiscard]] Wait : detail::ListedWaiter {
        explicit Wait(Event& awaited) noexcept : ListedWaiter(&end_wait), event(&awaited) {}
        bool await_ready() noexcept { return begin() || (event->is_set_ && take_turn()); }
        void await_suspend(detail::TaskCoroutine coroutine) noexcept { enlist(coroutine, event->waiters_); }
        void await_resume() const { raise_if_cancelled(); }
        static void end_wait(detail::Waiter& waiter) noexcept {
            auto& wait = static_cast<Wait&>(waiter);
            (void)wait.end(wait.event->waiters_);
        }
        Event* event;
    };

    /// Waits until the flag is set. Who has been woken goes on, also where it is cleared before its turn.
    Wait wait() noexcept { return Wait(*this); }

private:
    detail::WaitList waiters_;
    bool is_set_ = false;
};

// ---- Lock. -------------------------------------------------------------------------------------------------------------

/// Mutual exclusion of tasks, first come, first served. Not recursive.
class Lock {
public:
    /// `auto held = co_await lock.acquire();` holds it to the end of the block.
    detail::Acquire<Lock> acquire() noexcept { return detail::Acquire<Lock>(*this); }

    /// Gives back what was detached. Raises RuntimeError where it is not locked.
    void release();

    bool locked() const noexcept { return locked_; }

private:
    friend class Held<Lock>;
    friend struct detail::Acquire<Lock>;
    friend class Condition;

    bool take() noexcept { return !std::exchange(locked_, true); }  // while it is free nobody waits
    void give_back() noexcept { locked_ = waiters_.wake_one(); }    // or it is the next one's at once

    /// Has a wait that is suspended already go on once it holds the lock.
    void take_for(detail::ListedWaiter& waiter) noexcept;

    detail::WaitList waiters_;
    bool locked_ = false;
};

// ---- Semaphore. --------------------------------------------------------------------------------------------------------

/// A count that acquire() takes one of, waiting while it is zero.
class Semaphore {
public:
    /// Raises ValueError for less than zero.
    explicit Semaphore(std::ptrdiff_t value = 1);

    /// `auto held = co_await semaphore.acquire();` gives it back at the end of the block.
    detail::Acquire<Semaphore> acquire() noexcept { return detail::Acquire<Semaphore>(*this); }

    /// Adds one, or wakes who has waited longest. Needs no acquire() before.
    void release() noexcept { give_back(); }

    /// Whether acquire() would wait.
    bool locked() const noexcept { return value_ == 0; }

protected:
    std::ptrdiff_t value() const noexcept { return value_; }

private:
    friend class Held<Semaphore>;
    friend struct detail::Acquire<Semaphore>;

    bool take() noexcept {
        if (value_ == 0) return false;
        --value_;  // while there are some nobody waits
        return true;
    }
    void give_back() noexcept {
        if (!waiters_.wake_one()) ++value_;
    }

    detail::WaitList waiters_;
    std::ptrdiff_t value_;
};

/// A Semaphore that is never above what it began with.
class BoundedSemaphore : public Semaphore {
public:
    explicit BoundedSemaphore(std::ptrdiff_t value = 1) : Semaphore(value), bound_(value) {}

    /// Raises ValueError where nothing is taken.
    void release();

private:
    std::ptrdiff_t bound_;
};

// ---- Condition. --------------------------------------------------------------------------------------------------------

/// Waiting, under a lock, for a change that another task makes under the same lock.
class Condition {
public:
    Condition() noexcept : lock_(&own_) {}

    /// Over a lock that others share; it must outlive this.
    explicit Condition(Lock& lock) noexcept : lock_(&lock) {}

    detail::Acquire<Lock> acquire() noexcept { return lock_->acquire(); }
    void release() { lock_->release(); }
    bool locked() const noexcept { return lock_->locked(); }

    struct [[nodiscard]] Wait : detail::ListedWaiter {
        explicit Wait(Condition& awaited) noexcept : ListedWaiter(&end_wait), condition(&awaited) {}
        bool await_ready();
        void await_suspend(detail::TaskCoroutine coroutine) noexcept;
        void await_resume() const {
            if (was_cancelled) detail::raise_cancelled();
        }
        static void end_wait(detail::Waiter& waiter) noexcept;
        Condition* condition;
        bool was_notified = false;
        bool was_cancelled = false;
    };

    /// Gives the lock back, waits for a notify(), and takes the lock again: also where it is cancelled, before it raises.
    /// Raises RuntimeError where the lock is not held.
    Wait wait() noexcept { return Wait(*this); }

    /// Waits until `predicate()` is true of a moment under the lock; returns what it returned.
    template <class Predicate>
    auto wait_for(Predicate&& predicate) {
        static_assert(detail::SafeCallable<Predicate>,
                      "name the lambda first, and pass it by std::move or by name (g++ 12)");
        return wait_until_true<std::decay_t<Predicate>>(std::forward<Predicate>(predicate));
    }

    /// Wakes `count` of those that wait; each goes on when it has the lock. Raises RuntimeError where the lock is not held.
    void notify(std::size_t count = 1);
    void notify_all() { notify(waiters_.size()); }

private:
    template <class Predicate>
    Task<std::invoke_result_t<Predicate&>> wait_until_true(Predicate predicate) {
        while (true) {
            auto result = predicate();
            if (result) co_return result;
            co_await wait();
        }
    }

    void wake(std::size_t count) noexcept;

    Lock own_;
    Lock* lock_;
    detail::WaitList waiters_;
};

// ---- Barrier. ----------------------------------------------------------------------------------------------------------

/// Lets `parties` tasks go on together, again and again.
class Barrier {
public:
    /// Raises ValueError for none.
    explicit Barrier(std::size_t parties);

    struct [[nodiscard]] Wait : detail::ListedWaiter {
        explicit Wait(Barrier& awaited) noexcept : ListedWaiter(&end_wait), barrier(&awaited) {}
        bool await_ready() noexcept;
        void await_suspend(detail::TaskCoroutine coroutine) noexcept { enlist(coroutine, barrier->waiters_); }
        std::size_t await_resume() const;
        static void end_wait(detail::Waiter& waiter) noexcept;
        Barrier* barrier;
        std::size_t index = 0;
        bool is_broken = false;
    };

    /// Waits until all have come. Returns a number of its own from 0 to parties - 1, in the order of coming. Raises
    /// BrokenBarrierError after abort(), or where reset() came while it waited. Cancelled, it has not come.
    Wait wait() noexcept { return Wait(*this); }

    /// Makes a new barrier of it: those that wait get BrokenBarrierError.
    void reset() noexcept;

    /// Breaks it: those that wait, and all who come until reset(), get BrokenBarrierError.
    void abort() noexcept;

    std::size_t parties() const noexcept { return parties_; }
    std::size_t n_waiting() const noexcept { return waiters_.size(); }
    bool broken() const noexcept { return broken_; }

private:
    void wake_all(bool are_broken) noexcept;

    detail::WaitList waiters_;
    std::size_t parties_;
    bool broken_ = false;
};

}  // namespace bight::asyncio

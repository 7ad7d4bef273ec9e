// SPDX-License-Identifier: BSL-1.0
/// Queue, PriorityQueue, LifoQueue: between tasks of one loop.
#pragma once

#include <bight/asyncio/wait_list.h>
#include <bight/error.h>

#include <algorithm>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace bight::asyncio {

/// get_nowait() on an empty queue.
class QueueEmpty : public std::runtime_error {
public:
    QueueEmpty() : std::runtime_error("the queue is empty") {}
};

/// put_nowait() on a full queue.
class QueueFull : public std::runtime_error {
public:
    QueueFull() : std::runtime_error("the queue is full") {}
};

namespace detail {

/// Those that wait at one end of a queue. One that was woken tries when its turn comes; if somebody who did not wait was
/// quicker, it waits again, before those that came after it.
class QueueSide {
public:
    /// How many have been woken and have not had their turn.
    std::size_t promised() const noexcept { return promised_; }

    void wake_one() noexcept {
        if (waiters_.wake_one()) ++promised_;
    }

protected:
    /// A wait at this side.
    struct Wait : ListedWaiter {
        Wait(QueueSide& at, Cancel how, void (*turn)(engine::Runnable&) noexcept) noexcept
            : ListedWaiter(how), side(&at) {
            run = turn;
        }
        void await_suspend(detail::TaskCoroutine coroutine) noexcept {
            if (state == State::woken) ++side->promised_;
            ticket = ++side->tickets_;
            enlist(coroutine, side->waiters_);
        }

        /// Its turn has come; false where it was cancelled meanwhile.
        bool has_turn() noexcept {
            if (state != State::woken) return false;
            --side->promised_;
            return true;
        }
        void wait_again() noexcept {
            auto* younger = side->waiters_.first();
            while (younger && static_cast<Wait*>(younger)->ticket < ticket) younger = younger->next_listed;
            side->waiters_.insert(*this, younger);
        }

        /// After a cancellation: whether another one is to be woken in its place.
        bool gives_way() noexcept {
            bool was_woken = end(side->waiters_);
            if (was_woken) --side->promised_;
            return was_woken;
        }

        QueueSide* side;
        std::uint64_t ticket = 0;
    };

    WaitList waiters_;
    std::size_t promised_ = 0;
    std::uint64_t tickets_ = 0;  // how many have begun to wait

    template <class, class>
    friend class BasicQueue;
};

/// The queues' common part. `Store` has push(T), pop(), size().
///
/// Who waits is served in the order of coming. A get() or put() that is cancelled has taken or put nothing. The queue must
/// outlive those that wait on it.
template <class T, class Store>
class BasicQueue {
    static_assert(std::is_nothrow_move_constructible_v<T>, "items move to those that wait: that must not fail");

public:
    /// At most `maxsize` items; 0 for any number.
    explicit BasicQueue(std::size_t maxsize = 0) noexcept : maxsize_(maxsize) {}
    BasicQueue(const BasicQueue&) = delete;
    BasicQueue& operator=(const BasicQueue&) = delete;

    struct [[nodiscard]] Get : QueueSide::Wait {
        explicit Get(BasicQueue& from) noexcept : QueueSide::Wait(from.getters_, &cancelled, &turn), queue(&from) {}

        bool await_ready() noexcept {
            if (this->begin()) return true;
            if (queue->qsize() <= queue->getters_.promised() || !this->take_turn()) return false;
            item.emplace(queue->take());
            return true;
        }
        T await_resume() {
            this->raise_if_cancelled();
            return std::move(*item);
        }

        static void turn(engine::Runnable& runnable) noexcept {
            auto& wait = static_cast<Get&>(runnable);
            if (wait.has_turn()) {
                if (wait.queue->empty()) return wait.wait_again();
                wait.item.emplace(wait.queue->take());
            }
            wait.resume();
        }
        static void cancelled(Waiter& waiter) noexcept {
            auto& wait = static_cast<Get&>(waiter);
            if (wait.gives_way() && !wait.queue->empty()) wait.queue->getters_.wake_one();
        }

        BasicQueue* queue;
        std::optional<T> item;
    };

    struct [[nodiscard]] Put : QueueSide::Wait {
        Put(BasicQueue& to, T what) noexcept
            : QueueSide::Wait(to.putters_, &cancelled, &turn), queue(&to), item(std::move(what)) {}

        bool await_ready() {
            if (this->begin()) return true;
            bool has_room = queue->maxsize_ == 0 || queue->qsize() + queue->putters_.promised() < queue->maxsize_;
            if (!has_room || !this->take_turn()) return false;
            queue->add(std::move(item));
            return true;
        }
        void await_resume() const {
            this->raise_if_cancelled();
            if (error) std::rethrow_exception(error);
        }

        static void turn(engine::Runnable& runnable) noexcept {
            auto& wait = static_cast<Put&>(runnable);
            if (wait.has_turn()) {
                if (wait.queue->full()) return wait.wait_again();
                try {
                    wait.queue->add(std::move(wait.item));
                } catch (...) {
                    wait.error = std::current_exception();
                    wait.queue->putters_.wake_one();
                }
            }
            wait.resume();
        }
        static void cancelled(Waiter& waiter) noexcept {
            auto& wait = static_cast<Put&>(waiter);
            if (wait.gives_way() && !wait.queue->full()) wait.queue->putters_.wake_one();
        }

        BasicQueue* queue;
        T item;
        std::exception_ptr error;
    };

    struct [[nodiscard]] Join : ListedWaiter {
        explicit Join(BasicQueue& awaited) noexcept : ListedWaiter(&cancelled), queue(&awaited) {}
        bool await_ready() noexcept { return begin() || (queue->unfinished_ == 0 && take_turn()); }
        void await_suspend(detail::TaskCoroutine coroutine) noexcept { enlist(coroutine, queue->joining_); }
        void await_resume() const { raise_if_cancelled(); }
        static void cancelled(Waiter& waiter) noexcept {
            auto& wait = static_cast<Join&>(waiter);
            (void)wait.end(wait.queue->joining_);
        }
        BasicQueue* queue;
    };

    /// Waits for an item and takes it.
    Get get() noexcept { return Get(*this); }

    /// Waits for room and adds an item.
    Put put(T item) noexcept { return Put(*this, std::move(item)); }

    /// Takes an item, also before those that wait. Raises QueueEmpty.
    T get_nowait() {
        if (empty()) throw QueueEmpty();
        return take();
    }

    /// Adds an item, also before those that wait. Raises QueueFull.
    void put_nowait(T item) {
        if (full()) throw QueueFull();
        add(std::move(item));
    }

    /// Says that an item which was taken has been dealt with. Raises ValueError where that is said too often.
    void task_done() {
        if (unfinished_ == 0) throw ValueError("task_done() called too many times");
        if (--unfinished_ == 0) joining_.wake_all();
    }

    /// Waits until task_done() was called for every item that was put.
    Join join() noexcept { return Join(*this); }

    std::size_t qsize() const noexcept { return store_.size(); }
    bool empty() const noexcept { return qsize() == 0; }
    bool full() const noexcept { return maxsize_ > 0 && qsize() >= maxsize_; }
    std::size_t maxsize() const noexcept { return maxsize_; }

private:
    T take() noexcept {
        T item = store_.pop();
        putters_.wake_one();
        return item;
    }
    void add(T item) {
        store_.push(std::move(item));
        ++unfinished_;
        getters_.wake_one();
    }

    Store store_;
    std::size_t maxsize_;
    std::size_t unfinished_ = 0;
    QueueSide getters_;
    QueueSide putters_;
    WaitList joining_;
};

template <class T>
class FifoStore {
public:
    std::size_t size() const noexcept { return items_.size(); }
    void push(T item) { items_.push_back(std::move(item)); }
    T pop() noexcept {
        T item = std::move(items_.front());
        items_.pop_front();
        return item;
    }

private:
    std::deque<T> items_;
};

template <class T>
class LifoStore {
public:
    std::size_t size() const noexcept { return items_.size(); }
    void push(T item) { items_.push_back(std::move(item)); }
    T pop() noexcept {
        T item = std::move(items_.back());
        items_.pop_back();
        return item;
    }

private:
    std::vector<T> items_;
};

/// The least first. `Before(a, b)`: whether a comes out before b.
template <class T, class Before>
class PriorityStore {
    static_assert(std::is_nothrow_move_assignable_v<T>, "items move about in the heap: that must not fail");

public:
    std::size_t size() const noexcept { return items_.size(); }
    void push(T item) {
        items_.push_back(std::move(item));
        std::push_heap(items_.begin(), items_.end(), after);
    }
    T pop() noexcept {
        std::pop_heap(items_.begin(), items_.end(), after);
        T item = std::move(items_.back());
        items_.pop_back();
        return item;
    }

private:
    static bool after(const T& a, const T& b) { return Before()(b, a); }
    std::vector<T> items_;
};

}  // namespace detail

/// First in, first out.
template <class T>
class Queue : public detail::BasicQueue<T, detail::FifoStore<T>> {
    using detail::BasicQueue<T, detail::FifoStore<T>>::BasicQueue;
};

/// The least item comes first. A comparison must not raise.
template <class T, class Before = std::less<T>>
class PriorityQueue : public detail::BasicQueue<T, detail::PriorityStore<T, Before>> {
    using detail::BasicQueue<T, detail::PriorityStore<T, Before>>::BasicQueue;
};

/// Last in, first out.
template <class T>
class LifoQueue : public detail::BasicQueue<T, detail::LifoStore<T>> {
    using detail::BasicQueue<T, detail::LifoStore<T>>::BasicQueue;
};

}  // namespace bight::asyncio

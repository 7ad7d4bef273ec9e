// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/sync.h>

#include "asyncio/common_tasks.h"
#include "asyncio/engines.h"

#include <algorithm>
#include <string>
#include <vector>

namespace bight::asyncio {
namespace {

struct SyncTest : OnEveryEngine {
    template <class T>
    T run(Task<T> task) {
        return run_in_turn(std::move(task));
    }
};

using Order = std::vector<std::string>;

// ---- Event. ------------------------------------------------------------------------------------------------------------

Task<> note_event(Event* event, Order* order, std::string name) {
    co_await event->wait();
    order->push_back(name);
}

TEST_P(SyncTest, an_event_wakes_all_that_wait_in_their_order) {
    auto talk = []() -> Task<> {
        Event event;
        Order order;
        TaskGroup group;
        for (auto name : {"a", "b", "c"}) (void)group.spawn(note_event, &event, &order, std::string(name));
        co_await settle();
        EXPECT_TRUE(order.empty());
        event.set();
        event.clear();  // who has been woken goes on all the same
        co_await group.join();
        EXPECT_EQ(order, (Order{"a", "b", "c"}));
        EXPECT_FALSE(event.is_set());
        event.set();
        co_await event.wait();
        event.clear();
        bool timed_out = false;
        try {
            co_await wait_for(event.wait(), 1ms);
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
    };
    run(talk());
}

// ---- Lock. -------------------------------------------------------------------------------------------------------------

Task<> note_lock(Lock* lock, Order* order, std::string name, int turns) {
    auto held = co_await lock->acquire();
    order->push_back("+" + name);
    for (int i = 0; i < turns; ++i) co_await sleep(Duration::zero());
    order->push_back("-" + name);
}

TEST_P(SyncTest, a_lock_is_held_by_one_and_passed_on_in_order) {
    auto talk = []() -> Task<> {
        Lock lock;
        Order order;
        TaskGroup group;
        for (auto name : {"a", "b", "c"}) (void)group.spawn(note_lock, &lock, &order, std::string(name), 3);
        co_await group.join();
        EXPECT_EQ(order, (Order{"+a", "-a", "+b", "-b", "+c", "-c"}));
        EXPECT_FALSE(lock.locked());
        EXPECT_THROW(lock.release(), RuntimeError);
    };
    run(talk());
}

TEST_P(SyncTest, a_lock_that_is_let_go_is_not_snatched_from_who_waits) {
    auto talk = []() -> Task<> {
        Lock lock;
        Order order;
        TaskGroup group;
        {
            auto held = co_await lock.acquire();
            (void)group.spawn(note_lock, &lock, &order, std::string("waited"), 0);
            co_await settle();
        }
        EXPECT_TRUE(lock.locked());  // it is the other's already
        {
            auto held = co_await lock.acquire();
            order.push_back("came later");
        }
        co_await group.join();
        EXPECT_EQ(order, (Order{"+waited", "-waited", "came later"}));
    };
    run(talk());
}

// cpython#72128 (bpo-27585) and #76768 (bpo-32734): the lock would never be taken again.
TEST_P(SyncTest, a_waiter_that_is_cancelled_when_it_has_got_the_lock_passes_it_on) {
    auto talk = []() -> Task<> {
        Lock lock;
        Order order;
        TaskGroup group;
        auto held = co_await lock.acquire();
        auto first = group.spawn(note_lock, &lock, &order, std::string("first"), 0);
        auto second = group.spawn(note_lock, &lock, &order, std::string("second"), 0);
        co_await settle();
        held.release();
        first.cancel();
        co_await group.join();
        EXPECT_TRUE(first.cancelled());
        EXPECT_EQ(order, (Order{"+second", "-second"}));
        EXPECT_FALSE(lock.locked());
        auto third = group.spawn(note_lock, &lock, &order, std::string("third"), 0);
        {
            auto again = co_await lock.acquire();
            co_await settle();
            again.release();
            third.cancel();  // nobody else waits: it is free
            co_await group.join();
        }
        EXPECT_FALSE(lock.locked());
    };
    run(talk());
}

TEST_P(SyncTest, a_cancelled_waiter_leaves_the_queue_of_the_lock) {
    auto talk = []() -> Task<> {
        Lock lock;
        Order order;
        TaskGroup group;
        auto held = co_await lock.acquire();
        std::vector<TaskHandle<void>> waiting;
        for (auto name : {"a", "b", "c"})
            waiting.push_back(group.spawn(note_lock, &lock, &order, std::string(name), 0));
        co_await settle();
        waiting[1].cancel();
        co_await settle();
        EXPECT_TRUE(waiting[1].cancelled());
        held.release();
        co_await group.join();
        EXPECT_EQ(order, (Order{"+a", "-a", "+c", "-c"}));
    };
    run(talk());
}

TEST_P(SyncTest, what_is_detached_is_given_back_by_hand) {
    auto talk = []() -> Task<> {
        Lock lock;
        {
            auto held = co_await lock.acquire();
            held.detach();
        }
        EXPECT_TRUE(lock.locked());
        lock.release();
        auto held = co_await wait_for(lock.acquire(), 10s);
        auto moved = std::move(held);
        held.release();
        EXPECT_TRUE(lock.locked());
        moved.release();
        EXPECT_FALSE(lock.locked());
    };
    run(talk());
}

// ---- Semaphore. --------------------------------------------------------------------------------------------------------

TEST_P(SyncTest, a_semaphore_admits_as_many_as_it_says) {
    auto talk = []() -> Task<> {
        Semaphore semaphore(3);
        int inside = 0, most = 0;
        auto enter = [&]() -> Task<> {
            auto held = co_await semaphore.acquire();
            most = std::max(most, ++inside);
            co_await sleep(Duration::zero());
            --inside;
        };
        TaskGroup group;
        for (int i = 0; i < 20; ++i) (void)group.create_task(enter());
        co_await group.join();
        EXPECT_EQ(most, 3);
        EXPECT_FALSE(semaphore.locked());
        EXPECT_THROW(Semaphore(-1), ValueError);
    };
    run(talk());
}

Task<> count_acquired(Semaphore* semaphore, int* count) {
    auto held = co_await semaphore->acquire();
    held.detach();
    ++*count;
}

// cpython#90155 (bpo-45997) and #97545: order, and what a cancelled one was given.
TEST_P(SyncTest, what_a_cancelled_waiter_of_a_semaphore_was_given_is_not_lost) {
    auto talk = []() -> Task<> {
        Semaphore semaphore(0);
        int count = 0;
        TaskGroup group;
        std::vector<TaskHandle<void>> waiting;
        for (int i = 0; i < 4; ++i) waiting.push_back(group.spawn(count_acquired, &semaphore, &count));
        co_await settle();
        semaphore.release();
        semaphore.release();
        waiting[0].cancel();
        waiting[1].cancel();
        co_await settle();
        EXPECT_EQ(count, 2);
        EXPECT_TRUE(waiting[2].done() && waiting[3].done());
        semaphore.release();
        EXPECT_FALSE(semaphore.locked());
        co_await group.join();
    };
    run(talk());
}

TEST_P(SyncTest, a_bounded_semaphore_refuses_too_many_releases) {
    auto talk = []() -> Task<> {
        BoundedSemaphore semaphore(1);
        EXPECT_THROW(semaphore.release(), ValueError);
        auto held = co_await semaphore.acquire();
        held.detach();
        semaphore.release();
        EXPECT_THROW(semaphore.release(), ValueError);
    };
    run(talk());
}

// ---- Condition. --------------------------------------------------------------------------------------------------------

Task<> wait_on(Condition* condition, Order* order, std::string name) {
    auto held = co_await condition->acquire();
    co_await condition->wait();
    order->push_back(name);
    EXPECT_TRUE(condition->locked());
}

Task<> notify(Condition* condition, std::size_t count) {
    auto held = co_await condition->acquire();
    condition->notify(count);
}

TEST_P(SyncTest, a_condition_wakes_as_many_as_it_is_told) {
    auto talk = []() -> Task<> {
        Condition condition;
        Order order;
        TaskGroup group;
        for (auto name : {"a", "b", "c", "d"}) (void)group.spawn(wait_on, &condition, &order, std::string(name));
        co_await settle();
        EXPECT_FALSE(condition.locked());
        co_await notify(&condition, 1);
        co_await settle();
        EXPECT_EQ(order, (Order{"a"}));
        co_await notify(&condition, 2);
        co_await settle();
        EXPECT_EQ(order, (Order{"a", "b", "c"}));
        {
            auto held = co_await condition.acquire();
            condition.notify_all();
            co_await settle();
            EXPECT_EQ(order.size(), 3u);  // not before the lock is free
        }
        co_await group.join();
        EXPECT_EQ(order, (Order{"a", "b", "c", "d"}));
    };
    run(talk());
}

TEST_P(SyncTest, a_condition_without_its_lock_raises) {
    auto talk = []() -> Task<> {
        Condition condition;
        EXPECT_THROW(condition.notify(), RuntimeError);
        EXPECT_THROW(condition.release(), RuntimeError);
        bool refused = false;
        try {
            co_await condition.wait();
        } catch (const RuntimeError&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
    };
    run(talk());
}

TEST_P(SyncTest, wait_for_returns_what_the_predicate_did) {
    auto talk = []() -> Task<> {
        Lock lock;
        Condition condition(lock);
        int value = 0;
        auto consume = [&]() -> Task<int> {
            auto held = co_await condition.acquire();
            auto predicate = [&value] { return value; };
            int seen = co_await condition.wait_for(predicate);
            co_return seen;
        };
        TaskGroup group;
        auto consumer = group.create_task(consume());
        co_await settle();
        co_await notify(&condition, 1);  // for nothing
        co_await settle();
        EXPECT_FALSE(consumer.done());
        {
            auto held = co_await lock.acquire();
            value = 7;
            condition.notify();
        }
        co_await group.join();
        EXPECT_EQ(consumer.result(), 7);
    };
    run(talk());
}

// cpython#76690 (bpo-32841) and its kin: the lock is held again whenever wait() is left.
TEST_P(SyncTest, a_cancelled_wait_on_a_condition_takes_the_lock_again_first) {
    auto talk = []() -> Task<> {
        Condition condition;
        bool was_locked = false;
        auto waiting = [&]() -> Task<> {
            auto held = co_await condition.acquire();
            try {
                co_await condition.wait();
            } catch (const Cancelled&) {
                was_locked = condition.locked();
                throw;
            }
        };
        TaskGroup group;
        auto handle = group.create_task(waiting());
        co_await settle();
        {
            auto held = co_await condition.acquire();
            handle.cancel();
            co_await settle();
            EXPECT_FALSE(handle.done());  // it waits for the lock
        }
        co_await group.join();
        EXPECT_TRUE(handle.cancelled() && was_locked);
        EXPECT_FALSE(condition.locked());
    };
    run(talk());
}

// cpython#112202: a notification whose receiver is cancelled at once was lost.
TEST_P(SyncTest, a_notification_of_a_cancelled_waiter_goes_to_the_next) {
    auto talk = []() -> Task<> {
        Condition condition;
        Order order;
        TaskGroup group;
        auto first = group.spawn(wait_on, &condition, &order, std::string("first"));
        (void)group.spawn(wait_on, &condition, &order, std::string("second"));
        co_await settle();
        {
            auto held = co_await condition.acquire();
            condition.notify();
            first.cancel();
        }
        co_await group.join();
        EXPECT_TRUE(first.cancelled());
        EXPECT_EQ(order, (Order{"second"}));
    };
    run(talk());
}

// ---- Barrier. ----------------------------------------------------------------------------------------------------------

Task<> pass(Barrier* barrier, std::vector<std::size_t>* indices) {
    std::size_t index = co_await barrier->wait();
    indices->push_back(index);
}

TEST_P(SyncTest, a_barrier_lets_all_go_on_together_again_and_again) {
    auto talk = []() -> Task<> {
        Barrier barrier(3);
        EXPECT_EQ(barrier.parties(), 3u);
        EXPECT_THROW(Barrier(0), ValueError);
        for (int round = 0; round < 3; ++round) {
            std::vector<std::size_t> indices;
            TaskGroup group;
            (void)group.spawn(pass, &barrier, &indices);
            (void)group.spawn(pass, &barrier, &indices);
            co_await settle();
            EXPECT_EQ(barrier.n_waiting(), 2u);
            EXPECT_TRUE(indices.empty());
            std::size_t last = co_await barrier.wait();
            EXPECT_EQ(last, 2u);
            co_await group.join();
            EXPECT_EQ(indices, (std::vector<std::size_t>{0, 1}));
            EXPECT_EQ(barrier.n_waiting(), 0u);
        }
    };
    run(talk());
}

TEST_P(SyncTest, who_is_cancelled_at_a_barrier_has_not_come) {
    auto talk = []() -> Task<> {
        Barrier barrier(2);
        std::vector<std::size_t> indices;
        TaskGroup group;
        auto gone = group.spawn(pass, &barrier, &indices);
        co_await settle();
        gone.cancel();
        co_await settle();
        EXPECT_EQ(barrier.n_waiting(), 0u);
        (void)group.spawn(pass, &barrier, &indices);
        (void)group.spawn(pass, &barrier, &indices);
        co_await group.join();
        EXPECT_EQ(indices.size(), 2u);
        EXPECT_NE(indices[0], indices[1]);
    };
    run(talk());
}

Task<bool> is_broken_for(Barrier* barrier) {
    bool broken = false;
    try {
        co_await barrier->wait();
    } catch (const BrokenBarrierError&) {
        broken = true;
    }
    co_return broken;
}

TEST_P(SyncTest, abort_and_reset_break_the_barrier_for_those_that_wait) {
    auto talk = []() -> Task<> {
        Barrier barrier(2);
        TaskGroup group;
        auto waiting = group.spawn(is_broken_for, &barrier);
        co_await settle();
        barrier.abort();
        co_await settle();
        EXPECT_TRUE(waiting.result());
        EXPECT_TRUE(barrier.broken());
        EXPECT_TRUE(co_await is_broken_for(&barrier));
        barrier.reset();
        EXPECT_FALSE(barrier.broken());
        auto second = group.spawn(is_broken_for, &barrier);
        co_await settle();
        barrier.reset();
        co_await settle();
        EXPECT_TRUE(second.result());
        std::vector<std::size_t> indices;
        (void)group.spawn(pass, &barrier, &indices);
        (void)group.spawn(pass, &barrier, &indices);
        co_await group.join();
        EXPECT_EQ(indices.size(), 2u);
    };
    run(talk());
}

BIGHT_ON_EVERY_ENGINE(SyncTest);

}  // namespace
}  // namespace bight::asyncio

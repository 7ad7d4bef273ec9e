// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/queue.h>

#include "asyncio/common_tasks.h"
#include "asyncio/engines.h"

#include <memory>
#include <string>
#include <vector>

namespace bight::asyncio {
namespace {

struct QueueTest : OnEveryEngine {
    template <class T>
    T run(Task<T> task) {
        return run_in_turn(std::move(task));
    }
};

Task<> take_into(Queue<std::string>* queue, std::vector<std::string>* taken) {
    std::string item = co_await queue->get();
    taken->push_back(item);
}

TEST_P(QueueTest, items_come_out_in_the_order_of_their_queue) {
    auto talk = []() -> Task<> {
        Queue<int> first;
        LifoQueue<int> last;
        PriorityQueue<int> least;
        PriorityQueue<int, std::greater<int>> greatest;
        for (int number : {2, 3, 1}) {
            co_await first.put(number);
            co_await last.put(number);
            co_await least.put(number);
            co_await greatest.put(number);
        }
        EXPECT_EQ(first.qsize(), 3u);
        for (int expected : {2, 3, 1}) EXPECT_EQ(first.get_nowait(), expected);
        for (int expected : {1, 3, 2}) EXPECT_EQ(last.get_nowait(), expected);
        for (int expected : {1, 2, 3}) EXPECT_EQ(least.get_nowait(), expected);
        for (int expected : {3, 2, 1}) EXPECT_EQ(greatest.get_nowait(), expected);
        EXPECT_THROW(first.get_nowait(), QueueEmpty);
        EXPECT_TRUE(first.empty());
    };
    run(talk());
}

TEST_P(QueueTest, those_woken_in_vain_keep_their_order) {
    auto talk = []() -> Task<> {
        Queue<std::string> queue;
        std::vector<std::string> first, second;
        TaskGroup group;
        group.spawn(take_into, &queue, &first);
        group.spawn(take_into, &queue, &second);
        co_await settle();
        for (const char* item : {"a", "b"}) queue.put_nowait(item);
        for (int i = 0; i < 2; ++i) (void)queue.get_nowait();
        co_await settle();
        for (const char* item : {"c", "d"}) {
            queue.put_nowait(item);
            co_await settle();
        }
        EXPECT_EQ(first, std::vector<std::string>{"c"});
        EXPECT_EQ(second, std::vector<std::string>{"d"});
        co_await group.join();
    };
    run(talk());
}

TEST_P(QueueTest, a_full_queue_makes_put_wait_and_put_nowait_raise) {
    auto talk = []() -> Task<> {
        Queue<int> queue(2);
        EXPECT_EQ(queue.maxsize(), 2u);
        co_await queue.put(1);
        co_await queue.put(2);
        EXPECT_TRUE(queue.full());
        EXPECT_THROW(queue.put_nowait(3), QueueFull);
        bool timed_out = false;
        try {
            co_await wait_for(queue.put(3), 1ms);
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        EXPECT_EQ(queue.qsize(), 2u);
        TaskGroup group;
        auto put = [](Queue<int>* to) -> Task<> { co_await to->put(4); };
        (void)group.spawn(put, &queue);
        co_await settle();
        int one = co_await queue.get();
        co_await group.join();
        int two = co_await queue.get();
        int four = co_await queue.get();
        EXPECT_EQ((std::vector{one, two, four}), (std::vector{1, 2, 4}));
    };
    run(talk());
}

// cpython#71226 and #76070: the item that woke a getter which is cancelled at the same time is the next one's.
TEST_P(QueueTest, a_getter_that_is_cancelled_when_woken_leaves_the_item_to_the_next) {
    auto talk = []() -> Task<> {
        Queue<std::string> queue;
        std::vector<std::string> taken;
        TaskGroup group;
        auto first = group.spawn(take_into, &queue, &taken);
        auto second = group.spawn(take_into, &queue, &taken);
        co_await settle();
        queue.put_nowait("only");
        first.cancel();
        co_await group.join();
        EXPECT_TRUE(first.cancelled());
        EXPECT_TRUE(second.done());
        EXPECT_EQ(taken, (std::vector<std::string>{"only"}));
    };
    run(talk());
}

TEST_P(QueueTest, a_putter_that_is_cancelled_when_woken_leaves_its_room_to_the_next) {
    auto talk = []() -> Task<> {
        Queue<int> queue(1);
        co_await queue.put(0);
        auto put = [](Queue<int>* to, int item) -> Task<> { co_await to->put(item); };
        TaskGroup group;
        auto first = group.spawn(put, &queue, 1);
        auto second = group.spawn(put, &queue, 2);
        co_await settle();
        EXPECT_EQ(queue.get_nowait(), 0);
        first.cancel();
        co_await group.join();
        EXPECT_EQ(queue.get_nowait(), 2);
        EXPECT_TRUE(queue.empty());
    };
    run(talk());
}

TEST_P(QueueTest, who_was_woken_for_nothing_stays_the_first) {
    auto talk = []() -> Task<> {
        Queue<std::string> queue;
        std::vector<std::string> taken;
        TaskGroup group;
        std::vector<std::string> later;
        (void)group.spawn(take_into, &queue, &taken);
        (void)group.spawn(take_into, &queue, &later);
        co_await settle();
        queue.put_nowait("a");
        EXPECT_EQ(queue.get_nowait(), "a");  // quicker than who was woken
        co_await settle();
        EXPECT_TRUE(taken.empty());
        queue.put_nowait("b");
        co_await settle();
        EXPECT_EQ(taken, (std::vector<std::string>{"b"}));
        EXPECT_TRUE(later.empty());
        queue.put_nowait("c");
        co_await group.join();
        EXPECT_EQ(later, (std::vector<std::string>{"c"}));
    };
    run(talk());
}

TEST_P(QueueTest, join_waits_for_task_done_of_every_item) {
    auto talk = []() -> Task<> {
        Queue<std::unique_ptr<int>> queue;
        co_await queue.join();
        int sum = 0;
        auto work = [](Queue<std::unique_ptr<int>>* from, int* into) -> Task<> {
            while (true) {
                auto item = co_await from->get();
                co_await sleep(Duration::zero());
                *into += *item;
                from->task_done();
            }
        };
        TaskGroup workers;
        for (int i = 0; i < 3; ++i) (void)workers.spawn(work, &queue, &sum);
        for (int i = 1; i <= 100; ++i) co_await queue.put(std::make_unique<int>(i));
        co_await queue.join();
        EXPECT_EQ(sum, 5050);
        EXPECT_THROW(queue.task_done(), ValueError);
        workers.cancel();
        co_await workers.join();
    };
    run(talk());
}

// A task that always finds an item lets the others have their turn.
TEST_P(QueueTest, a_queue_that_is_never_empty_does_not_starve_the_loop) {
    auto talk = []() -> Task<> {
        Queue<int> queue;
        bool other_ran = false;
        auto other = [&other_ran]() -> Task<> {
            other_ran = true;
            co_return;
        };
        TaskGroup group;
        (void)group.create_task(other());
        int turns = 0;
        for (; !other_ran && turns < 10'000; ++turns) {
            queue.put_nowait(turns);
            int item = co_await queue.get();
            EXPECT_EQ(item, turns);
        }
        EXPECT_LT(turns, 10'000);
        co_await group.join();
    };
    run(talk());
}

TEST_P(QueueTest, a_cancelled_task_takes_nothing_even_where_there_is_something) {
    auto talk = []() -> Task<> {
        Queue<std::string> queue;
        std::vector<std::string> taken;
        TaskGroup group;
        auto stubborn = [](Queue<std::string>* from, std::vector<std::string>* into) -> Task<> {
            try {
                co_await sleep(1h);
            } catch (const Cancelled&) {}
            co_await take_into(from, into);
        };
        auto handle = group.spawn(stubborn, &queue, &taken);
        queue.put_nowait("stays");
        co_await settle();
        handle.cancel();
        co_await group.join();
        EXPECT_TRUE(handle.cancelled());
        EXPECT_TRUE(taken.empty());
        EXPECT_EQ(queue.qsize(), 1u);
    };
    run(talk());
}

BIGHT_ON_EVERY_ENGINE(QueueTest);

}  // namespace
}  // namespace bight::asyncio

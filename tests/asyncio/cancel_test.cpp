// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/task_group.h>
#include <bight/asyncio/timeouts.h>

#include "asyncio/common_tasks.h"
#include "asyncio/engines.h"

#include <string>
#include <thread>
#include <vector>

namespace bight::asyncio {
namespace {

struct CancelTest : OnEveryEngine {};

Task<> raise_after(Duration delay) {
    co_await sleep(delay);
    throw ValueError("late");
}

TEST_P(CancelTest, wait_for_returns_what_comes_in_time) { EXPECT_EQ(run(wait_for(after(1ms, 3), 10s)), 3); }

TEST_P(CancelTest, wait_for_raises_TimeoutError_and_the_awaited_has_ended) {
    bool ended = false;
    auto slow = [&ended]() -> Task<> {
        try {
            co_await sleep(1h);
        } catch (const Cancelled&) {
            ended = true;
            throw;
        }
    };
    auto limited = [&]() -> Task<> { co_await wait_for(slow(), 1ms); };
    EXPECT_THROW(run(limited()), TimeoutError);
    EXPECT_TRUE(ended);
}

TEST_P(CancelTest, wait_for_of_a_task_that_runs_already_ends_it) {
    auto talk = []() -> Task<> {
        bool has_ended = false;
        auto slow = [&]() -> Task<> {
            try {
                co_await for_ever();
            } catch (const Cancelled&) {
                has_ended = true;
                throw;
            }
        };
        auto task = get_running_loop().create_task(slow());
        bool timed_out = false;
        try {
            co_await wait_for(std::move(task), 1ms);
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        EXPECT_TRUE(has_ended);
        auto stubborn = []() -> Task<int> {
            try {
                co_await for_ever();
            } catch (const Cancelled&) {}
            co_return 5;
        };
        int though_late = co_await wait_for(get_running_loop().create_task(stubborn()), 1ms);
        EXPECT_EQ(though_late, 5);
        auto done = get_running_loop().create_task(after(0ms, 7));
        co_await done.ended();
        int value = co_await wait_for(std::move(done), 0s);
        EXPECT_EQ(value, 7);
    };
    run(talk());
}

TEST_P(CancelTest, wait_for_takes_whatever_can_be_awaited) {
    auto all = []() -> Task<> {
        co_await wait_for(sleep(1ms), 10s);
        TaskGroup group;
        int result = co_await wait_for(group.spawn(after, 1ms, 4), 10s);
        EXPECT_EQ(result, 4);
        co_await group.join();
        bool late = false;
        try {
            co_await wait_for(sleep(1h), 1ms);
        } catch (const TimeoutError&) {
            late = true;
        }
        EXPECT_TRUE(late);
    };
    run(all());
}

TEST_P(CancelTest, of_two_limits_the_one_that_ran_out_is_told) {
    auto inner = []() -> Task<int> {
        try {
            co_await wait_for(after(1h, 1), 1h);
        } catch (const TimeoutError&) {
            co_return 1;  // it was not that one
        }
        co_return 2;
    };
    EXPECT_THROW(run(wait_for(inner(), 1ms)), TimeoutError);
    auto quick = []() -> Task<int> {
        try {
            co_await wait_for(after(1h, 1), 1ms);
        } catch (const TimeoutError&) {}
        co_return co_await after(1ms, 5);  // and then all goes on
    };
    EXPECT_EQ(run(wait_for(quick(), 1h)), 5);
}

// Level-triggered: B074 and its kin cannot be, for a cancellation that was caught is seen again.
TEST_P(CancelTest, a_cancelled_task_stays_so) {
    int seen = 0;
    auto stubborn = [&seen]() -> Task<> {
        for (int i = 0; i < 3; ++i) {
            try {
                co_await sleep(1h);
            } catch (const Cancelled&) {
                ++seen;
            }
        }
    };
    auto parent = [&stubborn]() -> Task<> {
        TaskGroup group;
        auto handle = group.create_task(stubborn());
        co_await sleep(1ms);
        handle.cancel();
        co_await group.join();
        EXPECT_TRUE(handle.done());
        EXPECT_FALSE(handle.cancelled());  // it returned in the end
    };
    run(parent());
    EXPECT_EQ(seen, 3);
}

TEST_P(CancelTest, shield_keeps_what_is_within_from_being_cancelled) {
    std::vector<int> order;
    auto careful = [&order]() -> Task<> {
        int value = co_await shield(after(20ms, 1));
        order.push_back(value);
        try {
            co_await sleep(1h);
        } catch (const Cancelled&) {
            order.push_back(2);
            throw;
        }
    };
    auto parent = [&]() -> Task<> {
        TaskGroup group;
        auto handle = group.create_task(careful());
        co_await sleep(1ms);
        handle.cancel();
        co_await group.join();
        EXPECT_TRUE(handle.cancelled());
    };
    run(parent());
    EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST_P(CancelTest, a_child_that_raises_cancels_the_others_and_join_raises_it) {
    bool other_ended = false;
    auto other = [&other_ended]() -> Task<> {
        try {
            co_await sleep(1h);
        } catch (const Cancelled&) {
            other_ended = true;
            throw;
        }
    };
    auto parent = [&]() -> Task<> {
        TaskGroup group;
        (void)group.create_task(other());
        (void)group.spawn(raise_after, 1ms);
        co_await group.join();
    };
    EXPECT_THROW(run(parent()), ValueError);
    EXPECT_TRUE(other_ended);
}

TEST_P(CancelTest, several_errors_come_as_a_group) {
    auto parent = []() -> Task<> {
        TaskGroup group;
        auto raise = []() -> Task<> {
            try {
                co_await sleep(1ms);
            } catch (const Cancelled&) {}
            throw ValueError("one of several");
        };
        for (int i = 0; i < 3; ++i) (void)group.create_task(raise());
        co_await group.join();
    };
    try {
        run(parent());
        FAIL();
    } catch (const ExceptionGroup& errors) {
        EXPECT_EQ(errors.exceptions().size(), 3u);
    }
}

TEST_P(CancelTest, a_group_that_is_left_by_an_exception_has_its_children_cancelled) {
    auto ended = std::make_shared<bool>(false);
    auto child = [](std::shared_ptr<bool> flag) -> Task<> {
        try {
            co_await sleep(1h);
        } catch (const Cancelled&) {
            *flag = true;
            throw;
        }
    };
    auto parent = [&child, ended]() -> Task<> {
        try {
            TaskGroup group;
            (void)group.create_task(child(ended));
            co_await sleep(1ms);
            throw ValueError("out of here");
        } catch (const ValueError&) {}
        co_await sleep(1ms);
        EXPECT_TRUE(*ended);
    };
    run(parent());
}

TEST_P(CancelTest, a_task_that_was_cancelled_before_it_began_never_runs) {
    bool ran = false;
    auto child = [&ran]() -> Task<> {
        ran = true;
        co_return;
    };
    auto parent = [&child]() -> Task<> {
        TaskGroup group;
        auto handle = group.create_task(child());
        handle.cancel();
        co_await group.join();
        EXPECT_TRUE(handle.cancelled());
    };
    run(parent());
    EXPECT_FALSE(ran);
}

TEST_P(CancelTest, awaiting_a_handle_gives_the_result_or_the_error) {
    auto parent = []() -> Task<> {
        TaskGroup group;
        auto value = group.spawn(after, 1ms, 8);
        int result = co_await value;
        EXPECT_EQ(result, 8);
        auto slow = group.spawn(after, 1h, 9);
        slow.cancel();
        bool was_cancelled = false;
        try {
            co_await slow;
        } catch (const Cancelled&) {
            was_cancelled = true;
        }
        EXPECT_TRUE(was_cancelled);
        co_await group.join();
        EXPECT_EQ(value.get_name().substr(0, 5), "Task-");
    };
    run(parent());
}

TEST_P(CancelTest, a_child_that_comes_after_the_group_was_cancelled_is_cancelled_too) {
    auto late = [](TaskGroup* group) -> Task<> {
        try {
            co_await sleep(1h);
        } catch (const Cancelled&) {
            (void)group->spawn(after, 1h, 1);
            throw;
        }
    };
    auto parent = [&]() -> Task<> {
        TaskGroup group;
        (void)group.create_task(late(&group));
        (void)group.spawn(raise_after, 1ms);
        co_await group.join();
    };
    EXPECT_THROW(run(parent()), ValueError);
}

TEST_P(CancelTest, a_result_that_is_an_error_can_be_asked_for_twice) {
    auto parent = []() -> Task<> {
        TaskHandle<std::string> failed;
        auto fail = []() -> Task<std::string> {
            co_await sleep(0s);
            throw ValueError("once and for all");
        };
        try {
            TaskGroup group;
            failed = group.create_task(fail());
            co_await group.join();
        } catch (const ValueError&) {}
        EXPECT_THROW(failed.result(), ValueError);
        EXPECT_THROW(failed.result(), ValueError);
    };
    run(parent());
}

TEST(Cancelling, works_while_the_loop_stands_still) {
    EventLoop loop;
    auto wait = []() -> Task<> { co_await sleep(1h); };
    auto nothing = []() -> Task<> { co_await sleep(0s); };
    auto handle = loop.create_task(wait());
    loop.run_until_complete(nothing());
    handle.cancel();
    loop.run_until_complete(nothing());
    loop.run_until_complete(nothing());
    EXPECT_TRUE(handle.cancelled());
}

TEST(Cancelling, a_loop_of_another_thread_is_not_run) {
    EventLoop loop;
    auto nothing = []() -> Task<> { co_return; };
    std::jthread other([&] { EXPECT_THROW(loop.run_until_complete(nothing()), RuntimeError); });
}

BIGHT_ON_EVERY_ENGINE(CancelTest);

}  // namespace
}  // namespace bight::asyncio

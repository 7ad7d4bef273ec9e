// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/task.h>

#include "asyncio/engines.h"

#include <memory>
#include <string>
#include <vector>

namespace bight::asyncio {
namespace {

struct TaskTest : OnEveryEngine {};

Task<int> seven() { co_return 7; }
Task<std::string> twice(std::string text) { co_return text + text; }
Task<int> raises() {
    throw ValueError("no");
    co_return 1;
}

TEST_P(TaskTest, run_returns_what_the_task_returns) {
    EXPECT_EQ(run(seven()), 7);
    EXPECT_EQ(run(twice("ab")), "abab");
}

TEST_P(TaskTest, run_raises_what_the_task_raises) { EXPECT_THROW(run(raises()), ValueError); }

TEST_P(TaskTest, a_result_need_not_be_copied) {
    auto make = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(5); };
    EXPECT_EQ(*run(make()), 5);
}

TEST_P(TaskTest, awaiting_runs_it_as_part_of_the_task_that_awaits) {
    auto outer = []() -> Task<std::string> {
        int number = co_await seven();
        std::string text = co_await twice(std::to_string(number));
        try {
            co_await raises();
        } catch (const ValueError& error) {
            text += error.what();
        }
        co_return text;
    };
    EXPECT_EQ(run(outer()), "77no");
}

// B073: what ends at once must not grow the stack.
TEST_P(TaskTest, a_million_children_that_end_at_once_need_no_stack) {
    auto outer = []() -> Task<long> {
        long sum = 0;
        for (int i = 0; i < 1'000'000; ++i) sum += co_await seven();
        co_return sum;
    };
    EXPECT_EQ(run(outer()), 7'000'000);
}

TEST_P(TaskTest, a_task_that_is_dropped_destroys_its_arguments) {
    auto kept = std::make_shared<int>(1);
    auto holds = [](std::shared_ptr<int> value) -> Task<int> { co_return *value; };
    { auto task = holds(kept); }
    EXPECT_EQ(kept.use_count(), 1);
}

TEST_P(TaskTest, one_loop_in_a_thread) {
    auto nested = [this]() -> Task<> {
        EXPECT_THROW(run(seven()), RuntimeError);
        co_return;
    };
    run(nested());
    EXPECT_THROW(get_running_loop(), RuntimeError);
}

TEST_P(TaskTest, run_cancels_what_the_task_has_left_behind) {
    bool cancelled = false;
    auto child = [&cancelled]() -> Task<> {
        try {
            co_await sleep(1h);
        } catch (const Cancelled&) {
            cancelled = true;
            throw;
        }
    };
    auto leave = [&child]() -> Task<> {
        (void)get_running_loop().create_task(child());
        co_await sleep(0s);
    };
    run(leave());
    EXPECT_TRUE(cancelled);
}

TEST_P(TaskTest, callbacks_run_in_order_and_cancelled_ones_do_not) {
    std::vector<int> order;
    auto ask = [&order]() -> Task<> {
        auto& loop = get_running_loop();
        auto note = [&order](int number) { order.push_back(number); };
        (void)loop.call_later(2ms, note, 4);
        (void)loop.call_later(1ms, note, 3);
        (void)loop.call_soon(note, 1);
        auto never = loop.call_soon(note, 99);
        never.cancel();
        auto not_that = loop.call_later(1ms, note, 98);
        not_that.cancel();
        (void)loop.call_soon(note, 2);
        co_await sleep(10ms);
    };
    run(ask());
    EXPECT_EQ(order, (std::vector{1, 2, 3, 4}));
}

BIGHT_ON_EVERY_ENGINE(TaskTest);

}  // namespace
}  // namespace bight::asyncio

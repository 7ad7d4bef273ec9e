// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/gather.h>

#include "asyncio/common_tasks.h"
#include "asyncio/engines.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace bight::asyncio {
namespace {

struct GatherTest : OnEveryEngine {
    template <class T>
    T run(Task<T> task) {
        return run_in_turn(std::move(task));
    }
};

Task<> nothing() { co_await sleep(Duration::zero()); }
Task<std::unique_ptr<std::string>> text(std::string value) {
    co_await sleep(Duration::zero());
    co_return std::make_unique<std::string>(std::move(value));
}
Task<int> raise_after(Duration delay, std::string what) {
    co_await sleep(delay);
    throw ValueError(what);
}
Task<int> note_the_end(bool* ended) {
    try {
        co_await sleep(1h);
    } catch (const Cancelled&) {
        *ended = true;
        throw;
    }
    co_return 0;
}
Task<int> raise_when_cancelled() {
    try {
        co_await sleep(1h);
    } catch (const Cancelled&) {}
    throw RuntimeError("second");
}

// ---- gather(). ---------------------------------------------------------------------------------------------------------

TEST_P(GatherTest, results_come_in_the_order_of_what_was_given) {
    auto talk = []() -> Task<> {
        auto all = co_await gather(after(2ms, 1), text("a text too long for the small-string buffer"), nothing());
        EXPECT_EQ(all.get<0>(), 1);
        EXPECT_EQ(*all.get<1>(), "a text too long for the small-string buffer");
        EXPECT_EQ(all.get<2>(), std::monostate());
        auto [one, words] = co_await gather(after(1ms, 1), text("as a tuple"));
        EXPECT_EQ(one, 1);
        EXPECT_EQ(*words, "as a tuple");
        std::vector<Task<int>> many;
        for (int i = 0; i < 20; ++i) many.push_back(after(i % 3 * 1ms, i));
        auto numbers = co_await gather(std::move(many));
        EXPECT_EQ(numbers.size(), 20u);
        for (int i = 0; i < 20; ++i) EXPECT_EQ(numbers[static_cast<std::size_t>(i)], i);
        std::vector<Task<>> none;
        co_await gather(std::move(none));
    };
    run(talk());
}

TEST_P(GatherTest, they_run_at_the_same_time) {
    auto talk = []() -> Task<> {
        std::vector<int> order;
        auto count = [&order](int from) -> Task<> {
            for (int i = 0; i < 3; ++i) {
                order.push_back(from + i);
                co_await sleep(Duration::zero());
            }
        };
        co_await gather(count(0), count(10));
        EXPECT_EQ(order, (std::vector{0, 10, 1, 11, 2, 12}));
    };
    run(talk());
}

TEST_P(GatherTest, the_first_error_cancels_the_others_and_is_raised_when_all_have_ended) {
    auto talk = []() -> Task<> {
        bool ended = false;
        std::string what;
        try {
            co_await gather(note_the_end(&ended), raise_after(1ms, "first"), raise_when_cancelled());
        } catch (const ValueError& error) {
            what = error.what();
        }
        EXPECT_EQ(what, "first");
        EXPECT_TRUE(ended);
    };
    run(talk());
}

TEST_P(GatherTest, a_cancellation_reaches_all_and_is_raised_when_they_have_ended) {
    auto talk = []() -> Task<> {
        bool one = false, two = false;
        bool timed_out = false;
        try {
            co_await wait_for(gather(note_the_end(&one), note_the_end(&two)), 1ms);
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out && one && two);
    };
    run(talk());
}

TEST_P(GatherTest, handles_of_running_tasks_are_gathered_too) {
    auto talk = []() -> Task<> {
        TaskGroup group;
        auto running = group.spawn(after, 1ms, 5);
        auto all = co_await gather(std::move(running), after(0ms, 6));
        EXPECT_EQ(all.get<0>() + all.get<1>(), 11);
        bool ended = false;
        auto slow = group.spawn(note_the_end, &ended);
        bool raised = false;
        try {
            co_await gather(std::move(slow), raise_after(1ms, "other"));
        } catch (const ValueError&) {
            raised = true;
        }
        EXPECT_TRUE(raised && ended);
        auto cancelled = group.spawn(after, 1h, 1);
        cancelled.cancel();
        bool is_told = false;
        try {
            co_await gather(std::move(cancelled), after(0ms, 6));
        } catch (const Cancelled&) {
            is_told = true;
        }
        EXPECT_TRUE(is_told);
        co_await group.join();
    };
    run(talk());
}

TEST_P(GatherTest, settled_gives_errors_as_results_and_cancels_nobody) {
    auto talk = []() -> Task<> {
        auto all = co_await gather_settled(after(5ms, 1), raise_after(0ms, "no"), nothing());
        EXPECT_EQ(all.get<0>().value(), 1);
        EXPECT_THROW(std::rethrow_exception(all.get<1>().error()), ValueError);
        EXPECT_TRUE(all.get<2>().has_value());
        std::vector<Task<int>> many;
        many.push_back(raise_after(0ms, "no"));
        many.push_back(after(1ms, 2));
        auto list = co_await gather_settled(std::move(many));
        EXPECT_FALSE(list[0].has_value());
        EXPECT_EQ(list[1].value(), 2);
        bool timed_out = false;
        try {
            co_await wait_for(gather_settled(after(1h, 1), after(1h, 2)), 1ms);
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
    };
    run(talk());
}

// ---- wait(). -----------------------------------------------------------------------------------------------------------

TEST_P(GatherTest, wait_returns_when_it_was_told_to) {
    auto talk = []() -> Task<> {
        TaskGroup group;
        std::vector<TaskHandle<int>> handles;
        Event go;
        auto when_told = [](Event* told, int value) -> Task<int> {
            co_await told->wait();
            co_return value;
        };
        handles.push_back(group.spawn(when_told, &go, 1));
        handles.push_back(group.spawn(after, 0ms, 2));
        handles.push_back(group.spawn(after, 1ms, 3));
        auto first = co_await wait(handles, {.return_when = FIRST_COMPLETED});
        EXPECT_EQ(first.done, (std::vector<std::size_t>{1}));
        EXPECT_EQ(first.pending, (std::vector<std::size_t>{0, 2}));
        auto none_more = co_await wait(handles, {.timeout = 5ms});
        EXPECT_EQ(none_more.pending, (std::vector<std::size_t>{0}));
        EXPECT_FALSE(handles[0].done());
        go.set();
        auto all = co_await wait(handles);
        EXPECT_EQ(all.done.size(), 3u);
        EXPECT_TRUE(all.pending.empty());
        co_await group.join();
    };
    run(talk());
}

TEST_P(GatherTest, wait_for_the_first_exception_is_not_ended_by_a_cancelled_task) {
    auto talk = []() -> Task<> {
        auto& loop = get_running_loop();
        std::vector<TaskHandle<int>> handles;
        handles.push_back(loop.create_task(after(1h, 1)));
        handles.push_back(loop.create_task(after(1h, 2)));
        handles.push_back(loop.create_task(raise_after(2ms, "it")));
        handles[0].cancel();
        auto waited = co_await wait(handles, {.return_when = FIRST_EXCEPTION});
        EXPECT_EQ(waited.done, (std::vector<std::size_t>{0, 2}));
        EXPECT_EQ(waited.pending, (std::vector<std::size_t>{1}));
        EXPECT_NE(handles[2].exception(), nullptr);
        std::vector<TaskHandle<int>> none;
        bool refused = false;
        try {
            co_await wait(none);
        } catch (const ValueError&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
    };
    run(talk());
}

TEST_P(GatherTest, a_cancelled_wait_leaves_the_tasks_alone) {
    auto talk = []() -> Task<> {
        TaskGroup group;
        std::vector<TaskHandle<int>> handles;
        handles.push_back(group.spawn(after, 5ms, 1));
        bool timed_out = false;
        try {
            co_await wait_for(wait(handles), 1ms);
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        co_await group.join();
        EXPECT_EQ(handles[0].result(), 1);
    };
    run(talk());
}

// Both end in the same turn, which must not wake the wait twice.
TEST_P(GatherTest, two_ends_at_once_are_one_end_of_the_wait) {
    auto talk = []() -> Task<> {
        for (int i = 0; i < 20; ++i) {
            TaskGroup group;
            std::vector<TaskHandle<int>> handles;
            for (int k = 0; k < 5; ++k) handles.push_back(group.spawn(after, 0ms, k));
            auto waited = co_await wait(handles, {.return_when = FIRST_COMPLETED});
            EXPECT_GE(waited.done.size(), 1u);
            co_await group.join();
        }
    };
    run(talk());
}

// ---- as_completed(). ---------------------------------------------------------------------------------------------------

TEST_P(GatherTest, as_completed_tells_the_tasks_in_the_order_of_their_ends) {
    auto talk = []() -> Task<> {
        TaskGroup group;
        std::vector<TaskHandle<int>> handles;
        for (int i : {8, 0, 4}) handles.push_back(group.spawn(after, i * 1ms, i));
        std::vector<int> order;
        auto completed = as_completed(handles);
        while (auto* handle = co_await completed.next()) order.push_back(handle->result());
        EXPECT_EQ(order.size(), 3u);
        EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
        EXPECT_EQ(co_await completed.next(), nullptr);
        co_await group.join();
    };
    run(talk());
}

TEST_P(GatherTest, as_completed_may_be_left_and_waited_for_with_a_limit) {
    auto talk = []() -> Task<> {
        auto& loop = get_running_loop();
        std::vector<TaskHandle<int>> handles;
        handles.push_back(loop.create_task(after(1h, 1)));
        handles.push_back(loop.create_task(after(0ms, 2)));
        {
            auto completed = as_completed(handles);
            auto* first = co_await completed.next();
            EXPECT_EQ(first, &handles[1]);
            bool timed_out = false;
            try {
                co_await wait_for(completed.next(), 1ms);
            } catch (const TimeoutError&) {
                timed_out = true;
            }
            EXPECT_TRUE(timed_out);
        }
        handles[0].cancel();
        co_await sleep(1ms);
        EXPECT_TRUE(handles[0].cancelled());
    };
    run(talk());
}

BIGHT_ON_EVERY_ENGINE(GatherTest);

}  // namespace
}  // namespace bight::asyncio

// SPDX-License-Identifier: BSL-1.0
/// The end of a loop, and what it says of errors that nobody waits for.
#include <bight/asyncio/loop.h>

#include "asyncio/common_tasks.h"
#include "asyncio/engines.h"
#include "asyncio/report_limit.h"

#include <chrono>
#include <exception>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace bight::asyncio {
namespace {

struct LoopEndTest : OnEveryEngine {};

Task<> fail() {
    throw ValueError("nobody waits for this");
    co_return;
}

TEST_P(LoopEndTest, tasks_of_a_group_that_stands_outside_of_every_task_are_cancelled) {
    std::optional<TaskGroup> outside(std::in_place);
    TaskHandle<void> task;
    auto begin = [&]() -> Task<> {
        task = outside->spawn(for_ever);
        co_await sleep(Duration::zero());
    };
    run(begin());
    EXPECT_TRUE(task.cancelled());
}

struct LoopBetweenRunsTest : OnEveryEngine {};

TEST_P(LoopBetweenRunsTest, a_group_may_be_left_while_no_loop_runs) {
    EventLoop loop(options_for(choice()));
    TaskHandle<void> task;
    {
        TaskGroup group;
        auto begin = [&]() -> Task<> {
            task = group.spawn(for_ever);
            co_await sleep(Duration::zero());
        };
        loop.run_until_complete(begin());
        EXPECT_FALSE(task.done());
    }
    loop.cancel_all_tasks();
    EXPECT_TRUE(task.cancelled());
}

/// What is written to standard error while it lives.
class ErrorText {
public:
    ErrorText() : before_(std::cerr.rdbuf(text_.rdbuf())) {}
    ~ErrorText() { std::cerr.rdbuf(before_); }
    ErrorText(const ErrorText&) = delete;
    ErrorText& operator=(const ErrorText&) = delete;

    std::vector<std::string> lines() const {
        std::istringstream text(text_.str());
        std::vector<std::string> found;
        for (std::string line; std::getline(text, line);) found.push_back(line);
        return found;
    }

private:
    std::ostringstream text_;
    std::streambuf* before_;
};

TEST(Reports, are_ten_in_a_second_and_the_others_are_counted) {
    detail::ReportLimit limit;
    engine::TimePoint start{};
    auto told = [&](engine::TimePoint now, int count) {
        int admitted = 0;
        for (int i = 0; i < count; ++i) admitted += limit.admits(now) ? 1 : 0;
        return admitted;
    };
    EXPECT_EQ(told(start, 1000), 10);
    EXPECT_EQ(told(start + 999ms, 5), 0);
    EXPECT_EQ(told(start + 1s, 3), 3);
    EXPECT_EQ(limit.take_left_out(), 995u);
    EXPECT_EQ(limit.take_left_out(), 0u);
    EXPECT_EQ(told(start + 1500ms, 9), 7);
    EXPECT_EQ(told(start + 2s, 9), 9);
    EXPECT_EQ(limit.take_left_out(), 2u);
}

TEST(Reports, of_a_storm_are_few_and_its_size_is_told) {
    ErrorText told;
    auto start = std::chrono::steady_clock::now();
    auto storm = []() -> Task<> {
        for (int i = 0; i < 1000; ++i) (void)get_running_loop().create_task(fail());
        co_await sleep(Duration::zero());
    };
    asyncio::run(storm(), {.engine = EngineChoice::epoll});
    auto seconds = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - start).count();
    std::size_t errors = 0, left_out = 0;
    for (const auto& line : told.lines()) {
        if (line.find("nobody waits for this") != std::string::npos)
            ++errors;
        else
            left_out += std::stoul(line.substr(std::string_view("bight: ").size()));
    }
    EXPECT_LE(errors, 10u * static_cast<std::size_t>(seconds));
    EXPECT_EQ(errors + left_out, 1000u);
}

TEST(Reports, of_an_error_that_the_last_handle_takes_along) {
    ErrorText told;
    auto talk = []() -> Task<> {
        auto dropped = get_running_loop().create_task(fail()), asked = get_running_loop().create_task(fail());
        co_await dropped.ended();
        co_await asked.ended();
        EXPECT_THROW(asked.result(), ValueError);
    };
    asyncio::run(talk(), {.engine = EngineChoice::epoll});
    ASSERT_EQ(told.lines().size(), 1u);
    EXPECT_NE(told.lines()[0].find("nobody waits for this"), std::string::npos);
}

TEST(Reports, of_an_error_that_somebody_waits_for_are_not) {
    ErrorText told;
    auto talk = []() -> Task<> {
        auto fail_late = []() -> Task<> {
            co_await settle(3);
            co_await fail();
        };
        std::optional<TaskHandle<void>> handle = get_running_loop().create_task(fail_late());
        auto waits = [&]() -> Task<> {
            bool raised = false;
            try {
                co_await *handle;
            } catch (const ValueError&) {
                raised = true;
            }
            EXPECT_TRUE(raised);
        };
        auto waiting = get_running_loop().create_task(waits());
        while (!handle->done()) co_await sleep(Duration::zero());  // the one that waits has its turn behind this
        handle.reset();
        co_await waiting;
    };
    asyncio::run(talk(), {.engine = EngineChoice::epoll});
    EXPECT_EQ(told.lines(), std::vector<std::string>());
}

TEST(Reports, go_to_standard_error_where_the_handler_raises) {
    ErrorText told;
    auto talk = []() -> Task<> {
        get_running_loop().set_exception_handler(
            [](void*, std::exception_ptr error, std::string_view) { std::rethrow_exception(error); });
        (void)get_running_loop().create_task(fail());
        co_await sleep(Duration::zero());
    };
    asyncio::run(talk(), {.engine = EngineChoice::epoll});
    ASSERT_EQ(told.lines().size(), 1u);
    EXPECT_NE(told.lines()[0].find("nobody waits for this"), std::string::npos);
}

TEST(Reports, of_what_was_never_awaited_are_not_of_what_was) {
    ErrorText told;
    auto nothing = []() -> Task<> { co_return; };
    auto talk = [&]() -> Task<> {
        Task<> task = nothing();
        co_await task;
        task = nothing();
        co_await task;
        task = nothing();
    };
    asyncio::run(talk(), {.engine = EngineChoice::epoll, .debug = true});
    EXPECT_EQ(told.lines().size(), 1u);
}

TEST_P(LoopBetweenRunsTest, stop_ends_a_run_whose_task_goes_on_with_the_next) {
    EventLoop loop(options_for(choice()));
    int steps = 0;
    auto work = [&]() -> Task<> {
        for (; steps < 100; ++steps) co_await sleep(Duration::zero());
    };
    loop.call_soon([&] { loop.stop(); });
    EXPECT_THROW(loop.run_until_complete(work()), RuntimeError);
    EXPECT_LT(steps, 100);
    auto wait = [&]() -> Task<> {
        while (steps < 100) co_await sleep(Duration::zero());
    };
    loop.run_until_complete(wait());
    EXPECT_EQ(steps, 100);
}

BIGHT_ON_EVERY_ENGINE(LoopEndTest);
BIGHT_ON_KERNEL_ENGINES(LoopBetweenRunsTest);  // a simulation is a single run

}  // namespace
}  // namespace bight::asyncio

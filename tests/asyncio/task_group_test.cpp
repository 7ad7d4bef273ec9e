// SPDX-License-Identifier: BSL-1.0
/// with_task_group(), and handles that go before their tasks do.
#include <bight/asyncio/task_group.h>

#include "asyncio/common_tasks.h"
#include "asyncio/engines.h"

#include <exception>
#include <map>
#include <string>
#include <vector>

namespace bight::asyncio {
namespace {

struct TaskGroupTest : OnEveryEngine {};

Task<> raise_soon(std::string what) {
    co_await sleep(Duration::zero());
    throw ValueError(what);
}

/// What `task` raises: the texts of a group, or one.
Task<std::vector<std::string>> errors_of(Task<> task) {
    std::vector<std::string> errors;
    try {
        co_await std::move(task);
    } catch (const ExceptionGroup& group) {
        for (const auto& each : group.exceptions()) try {
                std::rethrow_exception(each);
            } catch (const std::exception& error) {
                errors.push_back(error.what());
            }
    } catch (const std::exception& error) {
        errors.push_back(error.what());
    }
    co_return errors;
}

using Errors = std::vector<std::string>;

TEST_P(TaskGroupTest, a_child_that_raises_ends_the_body_that_waits) {
    auto body = [](TaskGroup& group) -> Task<> {
        group.spawn(raise_soon, "child");
        co_await for_ever();
    };
    EXPECT_EQ(run(errors_of(with_task_group(body))), Errors{"child"});
}

TEST_P(TaskGroupTest, what_the_body_raises_counts_as_a_childs) {
    auto alone = [](TaskGroup& group) -> Task<> {
        group.spawn(for_ever);
        co_await raise_soon("body");
    };
    EXPECT_EQ(run(errors_of(with_task_group(alone))), Errors{"body"});
    auto both = [](TaskGroup& group) -> Task<> {
        group.spawn(raise_soon, "child");
        try {
            co_await for_ever();
        } catch (const Cancelled&) {}
        throw ValueError("body");
    };
    EXPECT_EQ(run(errors_of(with_task_group(both))), (Errors{"child", "body"}));
}

TEST_P(TaskGroupTest, a_cancellation_from_outside_is_one_unless_a_child_raises) {
    auto raise_when_cancelled = []() -> Task<> {
        try {
            co_await for_ever();
        } catch (const Cancelled&) {}
        throw ValueError("at the end");
    };
    auto body = [&](bool raises) {
        return [=](TaskGroup& group) -> Task<> {
            raises ? group.spawn(raise_when_cancelled) : group.spawn(for_ever);
            co_await for_ever();
        };
    };
    auto quiet = body(false), loud = body(true);
    EXPECT_THROW(run(wait_for(with_task_group(quiet), 1ms)), TimeoutError);
    EXPECT_EQ(run(errors_of(wait_for(with_task_group(loud), 1ms))), Errors{"at the end"});
}

TEST_P(TaskGroupTest, the_handle_may_go_while_somebody_waits_for_the_task) {
    auto talk = []() -> Task<> {
        std::map<int, TaskHandle<std::string>> jobs;
        TaskGroup group;
        auto job = [&](int number) -> Task<std::string> {
            co_await sleep(Duration::zero());
            jobs.erase(number);
            co_return std::string(100, 'x');
        };
        jobs.emplace(1, group.spawn(job, 1));
        std::string result = co_await jobs.at(1);
        EXPECT_EQ(result, std::string(100, 'x'));
        EXPECT_TRUE(jobs.empty());
        co_await group.join();
    };
    run(talk());
}

TEST_P(TaskGroupTest, the_error_of_a_task_is_asked_for_when_it_has_ended) {
    auto talk = []() -> Task<> {
        auto task = get_running_loop().create_task(raise_soon("no"));
        EXPECT_THROW((void)task.exception(), InvalidStateError);
        co_await task.ended();
        EXPECT_NE(task.exception(), nullptr);
        auto endless = get_running_loop().create_task(for_ever());
        endless.cancel();
        co_await endless.ended();
        EXPECT_THROW((void)endless.exception(), Cancelled);
    };
    run(talk());
}

TEST(TaskGroupWithout, a_loop_begins_nothing) {
    TaskGroup group;
    EXPECT_THROW(group.spawn(for_ever), RuntimeError);
}

BIGHT_ON_EVERY_ENGINE(TaskGroupTest);

}  // namespace
}  // namespace bight::asyncio

// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/timeouts.h>

#include "asyncio/engines.h"

namespace bight::asyncio {
namespace {

struct TimeoutScopeTest : OnEveryEngine {};

TEST_P(TimeoutScopeTest, what_runs_under_it_can_move_its_own_end) {
    auto work = [](TimeoutScope& scope, int rounds) -> Task<int> {
        auto& loop = get_running_loop();
        EXPECT_TRUE(scope.when());
        EXPECT_FALSE(scope.expired());
        for (int round = 0; round < rounds; ++round) {
            scope.reschedule(loop.time() + 10s);
            EXPECT_GT(*scope.when(), loop.time());
            co_await sleep(10ms);  // longer than the first limit
        }
        scope.reschedule({});
        EXPECT_FALSE(scope.when());
        co_await sleep(5ms);
        co_return rounds;
    };
    auto talk = [work]() -> Task<> {
        int rounds = co_await timeout(5ms, work, 3);
        EXPECT_EQ(rounds, 3);
    };
    run(talk());
}

TEST_P(TimeoutScopeTest, an_end_that_has_passed_comes_with_the_next_wait) {
    bool has_expired = false;
    auto work = [&has_expired](TimeoutScope& scope) -> Task<> {
        scope.reschedule(get_running_loop().time() - 1s);
        try {
            co_await sleep(10s);
        } catch (const Cancelled&) {
            has_expired = scope.expired();
            EXPECT_THROW(scope.reschedule({}), RuntimeError);
            throw;
        }
    };
    auto talk = [work]() -> Task<> {
        try {
            co_await timeout_at(get_running_loop().time() + 10s, work);
            ADD_FAILURE();
        } catch (const TimeoutError&) {}
    };
    run(talk());
    EXPECT_TRUE(has_expired);
}

TEST_P(TimeoutScopeTest, without_a_limit_there_is_no_end) {
    auto work = [](TimeoutScope& scope) -> Task<> {
        EXPECT_FALSE(scope.when());
        scope.reschedule(get_running_loop().time() + 1ms);
        co_await sleep(10s);
    };
    auto talk = [work]() -> Task<> {
        try {
            co_await timeout({}, work);
            ADD_FAILURE();
        } catch (const TimeoutError&) {}
    };
    run(talk());
}

BIGHT_ON_EVERY_ENGINE(TimeoutScopeTest);

}  // namespace
}  // namespace bight::asyncio

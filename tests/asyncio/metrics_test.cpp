// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/metrics.h>

#include "asyncio/engines.h"

#include <time.h>

#include <set>
#include <string>

namespace bight::asyncio {
namespace {

struct MetricsTest : OnEveryEngine {};

void block(std::chrono::milliseconds time) {
    struct timespec span{0, std::chrono::nanoseconds(time).count()};
    ::nanosleep(&span, nullptr);
}

/// How long `who` is said to have held the loop up; -1 where that is not said.
double seconds_of(const std::string& who, const std::string& told) {
    std::string line = "bight: " + who + " held the loop up for ";
    auto found = told.find(line);
    return found == std::string::npos ? -1 : std::stod(told.substr(found + line.size()));
}

TEST_P(MetricsTest, what_holds_the_loop_up_is_told_by_name_and_counted) {
    auto talk = []() -> Task<> {
        auto& loop = get_running_loop();
        EXPECT_EQ(loop.slow_callback_duration(), 100ms);
        loop.set_slow_callback_duration(20ms);
        auto slow = []() -> Task<> {
            co_await sleep(Duration::zero());
            block(30ms);
            co_await sleep(Duration::zero());
        };
        auto task = loop.create_task(slow());
        task.set_name("the slow one");
        co_await task;
        Event called;
        auto call = [&called] {
            block(30ms);
            called.set();
        };
        loop.call_soon(call);
        co_await called.wait();
        auto metrics = loop.metrics();
        EXPECT_GE(metrics.slow_callbacks, 2u);
        EXPECT_TRUE(metrics.has_lag);
        EXPECT_GE(metrics.lag.longest, 30ms);
        EXPECT_GE(metrics.lag.sum, 60ms);
        EXPECT_EQ(metrics.tasks, 1u);
        EXPECT_EQ(metrics.tasks_begun, 2u);
        EXPECT_GT(metrics.turns, 2u);
    };
    ::testing::internal::CaptureStderr();
    run(talk());
    std::string told = ::testing::internal::GetCapturedStderr();
    EXPECT_GE(seconds_of("the slow one", told), 0.03) << told;
    EXPECT_GE(seconds_of("a callback", told), 0.03) << told;
}

TEST_P(MetricsTest, what_ends_in_the_step_that_holds_the_loop_up_is_told_by_name) {
    auto talk = []() -> Task<> {
        auto& loop = get_running_loop();
        loop.set_slow_callback_duration(20ms);
        auto slow = []() -> Task<> {
            co_await sleep(Duration::zero());
            block(30ms);
        };
        auto task = loop.create_task(slow());
        task.set_name("the last one");
        co_await task;
    };
    ::testing::internal::CaptureStderr();
    run(talk());
    std::string told = ::testing::internal::GetCapturedStderr();
    EXPECT_GE(seconds_of("the last one", told), 0.03) << told;
}

TEST_P(MetricsTest, every_connection_that_a_server_accepts_is_counted) {
    auto talk = []() -> Task<> {
        auto read = [](Stream client) -> Task<> { (void)co_await client.read(); };
        auto server = start_server(any_port, read, {.max_connections = 1});
        auto served = co_await open_connection(server.addresses().front());
        auto refused = co_await open_connection(server.addresses().front());
        auto end = co_await refused.try_read();
        EXPECT_TRUE(!end || end->empty());
        EXPECT_EQ(get_running_loop().metrics().accepted, 2u);
    };
    run(talk());
}

TEST_P(MetricsTest, slow_callbacks_in_any_number_do_not_hide_an_error) {
    auto talk = []() -> Task<> {
        auto& loop = get_running_loop();
        loop.set_slow_callback_duration(Duration(1));
        for (int i = 0; i < 100; ++i) co_await sleep(Duration::zero());
        auto fail = []() -> Task<> {
            throw ValueError("nobody waits for this");
            co_return;
        };
        loop.create_task(fail());
        co_await sleep(Duration::zero());
    };
    ::testing::internal::CaptureStderr();
    run(talk());
    std::string told = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(told.find("nobody waits for this\n"), std::string::npos) << told;
    EXPECT_NE(told.find(" more slow callbacks came too fast to be told\n"), std::string::npos) << told;
    EXPECT_EQ(told.find(" more errors"), std::string::npos) << told;
}

BIGHT_ON_KERNEL_ENGINES(MetricsTest);  // in a simulation no time passes while something runs

TEST(LagHistogram, has_a_turn_in_the_bucket_of_its_length) {
    LagHistogram lag;
    for (auto turn : {Duration(0), Duration(1), Duration(1000), Duration(1001), Duration(2000), Duration(2001)})
        lag.record(turn);
    lag.record(std::chrono::hours(1));
    lag.record(LagHistogram::limit(LagHistogram::buckets - 1));
    EXPECT_EQ(lag.counts[0], 3u);
    EXPECT_EQ(lag.counts[1], 2u);
    EXPECT_EQ(lag.counts[2], 1u);
    EXPECT_EQ(lag.counts[LagHistogram::buckets - 1], 1u);
    EXPECT_EQ(lag.counts[LagHistogram::buckets], 1u);
    EXPECT_EQ(lag.longest, std::chrono::hours(1));
}

TEST(LoopMetrics, are_text_for_prometheus) {
    LoopMetrics metrics{.turns = 7, .channels = 2, .has_lag = true};
    metrics.lag.record(std::chrono::microseconds(3));
    std::string text = metrics.to_text("worker=\"1\"");
    for (std::string_view line : {"# TYPE bight_loop_turns_total counter\nbight_loop_turns_total{worker=\"1\"} 7\n",
                                  "# TYPE bight_loop_channels gauge\nbight_loop_channels{worker=\"1\"} 2\n",
                                  "bight_loop_lag_seconds_bucket{worker=\"1\",le=\"2e-06\"} 0\n"
                                  "bight_loop_lag_seconds_bucket{worker=\"1\",le=\"4e-06\"} 1\n",
                                  "bight_loop_lag_seconds_bucket{worker=\"1\",le=\"+Inf\"} 1\n"
                                  "bight_loop_lag_seconds_sum{worker=\"1\"} 3e-06\n"
                                  "bight_loop_lag_seconds_count{worker=\"1\"} 1\n"})
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    EXPECT_NE(LoopMetrics{}.to_text().find("\nbight_loop_tasks 0\n"), std::string::npos);
    EXPECT_EQ(LoopMetrics{}.to_text().find("lag"), std::string::npos);
}

TEST(LoopMetrics, of_several_loops_are_one_text_with_each_metric_once) {
    LoopMetrics one{.turns = 7, .has_lag = true}, two{.turns = 8};
    LabelledMetrics loops[]{{"worker=\"1\"", one}, {"worker=\"2\"", two}};
    std::string text = to_text(loops);
    EXPECT_NE(text.find("# TYPE bight_loop_turns_total counter\nbight_loop_turns_total{worker=\"1\"} 7\n"
                        "bight_loop_turns_total{worker=\"2\"} 8\n# HELP "),
              std::string::npos)
        << text;
    std::set<std::string> types;
    for (auto at = text.find("# TYPE "); at != std::string::npos; at = text.find("# TYPE ", at + 1))
        EXPECT_TRUE(types.insert(text.substr(at, text.find('\n', at) - at)).second) << text;
    EXPECT_EQ(types.size(), 9u);
    EXPECT_NE(text.find("bight_loop_lag_seconds_count{worker=\"1\"} 0\n"), std::string::npos);
    EXPECT_EQ(text.find("bight_loop_lag_seconds_count{worker=\"2\"}"), std::string::npos);
}

}  // namespace
}  // namespace bight::asyncio

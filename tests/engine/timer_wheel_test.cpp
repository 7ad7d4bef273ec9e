// SPDX-License-Identifier: BSL-1.0
#include "engine/timer_wheel.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <vector>

namespace bight::engine {
namespace {

TimePoint at(std::int64_t nanoseconds) { return TimePoint(Duration(nanoseconds)); }

struct Noted : Timer {
    Noted(std::vector<int>& to, int which) : order(&to), number(which) {
        due = [](Timer& timer) noexcept {
            auto& noted = static_cast<Noted&>(timer);
            noted.order->push_back(noted.number);
        };
    }
    std::vector<int>* order;
    int number;
};

TEST(TimerWheel, runs_what_is_due_soonest_first_and_nothing_early) {
    std::vector<int> order;
    TimerWheel wheel(at(1'000));
    Noted late(order, 3), soon(order, 1), middle(order, 2);
    late.when = at(5'000'000);
    soon.when = at(2'000);
    middle.when = at(2'001);
    for (Timer* timer : {static_cast<Timer*>(&late), static_cast<Timer*>(&soon), static_cast<Timer*>(&middle)})
        wheel.add(*timer);
    EXPECT_EQ(wheel.next(), at(2'000));
    wheel.run(at(1'999));
    EXPECT_TRUE(order.empty());
    wheel.run(at(2'000));
    EXPECT_EQ(order, (std::vector{1}));
    wheel.run(at(4'999'999));
    EXPECT_EQ(order, (std::vector{1, 2}));
    wheel.run(at(5'000'000));
    EXPECT_EQ(order, (std::vector{1, 2, 3}));
    EXPECT_EQ(wheel.size(), 0u);
}

TEST(TimerWheel, keeps_the_order_of_equal_times) {
    std::vector<int> order;
    TimerWheel wheel(at(0));
    std::deque<Noted> timers;
    for (int i = 0; i < 1000; ++i) wheel.add(timers.emplace_back(order, i));
    for (auto& timer : timers) EXPECT_TRUE(timer.is_armed());
    wheel.run(at(0));
    ASSERT_EQ(order.size(), 1000u);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(TimerWheel, a_timer_that_arms_itself_again_waits_for_the_next_call) {
    struct Again : Timer {
        Again(TimerWheel& of) : wheel(&of) {
            due = [](Timer& timer) noexcept {
                auto& again = static_cast<Again&>(timer);
                if (++again.runs < 1'000'000) again.wheel->add(again);
            };
        }
        TimerWheel* wheel;
        int runs = 0;
    };
    TimerWheel wheel(at(10));
    Again again(wheel);
    again.when = at(5);
    wheel.add(again);
    wheel.run(at(10));
    EXPECT_EQ(again.runs, 1);
    wheel.run(at(10));
    EXPECT_EQ(again.runs, 2);
}

TEST(TimerWheel, one_that_is_due_may_remove_another_that_is_due) {
    struct Removing : Timer {
        Removing(TimerWheel& of, Timer& which) : wheel(&of), other(&which) {
            due = [](Timer& timer) noexcept {
                auto& removing = static_cast<Removing&>(timer);
                removing.wheel->remove(*removing.other);
            };
        }
        TimerWheel* wheel;
        Timer* other;
    };
    std::vector<int> order;
    TimerWheel wheel(at(0));
    Noted victim(order, 1);
    Removing first(wheel, victim);
    first.when = at(1);
    victim.when = at(2);
    wheel.add(victim);
    wheel.add(first);
    wheel.run(at(3));
    EXPECT_TRUE(order.empty());
    EXPECT_FALSE(victim.is_armed());
    EXPECT_EQ(wheel.size(), 0u);
}

// The clock begins just below every power of two at which a level wraps (B070), and jumps.
TEST(TimerWheel, does_as_a_sorted_list_does_on_random_input) {
    std::mt19937_64 random(20261129);
    for (int round = 0; round < 300; ++round) {
        std::int64_t begin = round % 3 == 0
                                 ? 0
                                 : (std::int64_t{1} << (random() % 62)) - static_cast<std::int64_t>(random() % 70'000);
        std::int64_t now = std::max<std::int64_t>(begin, 0);
        TimerWheel wheel(at(now));
        std::vector<int> order, expected;
        std::deque<Noted> timers;
        std::multimap<std::int64_t, int> sorted;
        for (int step = 0; step < 400; ++step) {
            switch (random() % 4) {
                case 0:
                case 1: {
                    auto width = random() % 50;
                    std::int64_t when = now - 1'000 +
                                        static_cast<std::int64_t>(random() % (std::uint64_t{1} << width | 2'000));
                    auto& timer = timers.emplace_back(order, static_cast<int>(timers.size()));
                    timer.when = at(when);
                    wheel.add(timer);
                    sorted.emplace(when, timer.number);
                    break;
                }
                case 2: {
                    if (timers.empty()) break;
                    auto& timer = timers[random() % timers.size()];
                    if (timer.is_armed())
                        std::erase_if(sorted, [&](const auto& entry) { return entry.second == timer.number; });
                    wheel.remove(timer);
                    break;
                }
                default: {
                    auto width = random() % 45;
                    now += static_cast<std::int64_t>(random() % (std::uint64_t{1} << width));
                    while (!sorted.empty() && sorted.begin()->first <= now) {
                        expected.push_back(sorted.begin()->second);
                        sorted.erase(sorted.begin());
                    }
                    wheel.run(at(now));
                    ASSERT_EQ(order, expected) << "round " << round << " step " << step;
                }
            }
            ASSERT_EQ(wheel.size(), sorted.size());
            ASSERT_EQ(wheel.next(), sorted.empty() ? std::nullopt : std::optional(at(sorted.begin()->first)));
        }
        while (Timer* timer = wheel.any()) wheel.remove(*timer);
    }
}

}  // namespace
}  // namespace bight::engine

// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/signals.h>

#include "asyncio/engines.h"
#include "support/descriptors.h"
#include "sys/signal_calls.h"

#include <csignal>
#include <initializer_list>
#include <memory>
#include <optional>
#include <vector>

#include <unistd.h>

namespace bight::asyncio {
namespace {

struct SignalsTest : OnEveryEngine {};

void send(int sig) { EXPECT_EQ(::kill(::getpid(), sig), 0); }

TEST_P(SignalsTest, a_handler_runs_in_the_loop) {
    auto talk = []() -> Task<> {
        auto& loop = get_running_loop();
        std::vector<int> seen;
        auto note = [&seen](int value) { seen.push_back(value); };
        loop.add_signal_handler(SIGUSR1, note, 1);
        loop.add_signal_handler(SIGUSR2, note, 2);
        send(SIGUSR1);
        EXPECT_TRUE(seen.empty());  // not before the loop's turn
        while (seen.empty()) co_await sleep(Duration::zero());
        loop.add_signal_handler(SIGUSR1, note, 3);
        send(SIGUSR1);
        send(SIGUSR2);
        while (seen.size() < 3) co_await sleep(Duration::zero());
        EXPECT_EQ(seen, (std::vector{1, 3, 2}));
        EXPECT_TRUE(loop.remove_signal_handler(SIGUSR1));
        EXPECT_FALSE(loop.remove_signal_handler(SIGUSR1));
    };
    run(talk());
}

TEST_P(SignalsTest, what_cannot_be_handled_is_refused) {
    auto talk = []() -> Task<> {
        auto& loop = get_running_loop();
        auto kept = std::make_shared<int>(0);
        auto never = [kept] {};
        for (int sig : {0, -1, 65, 1000}) EXPECT_THROW(loop.add_signal_handler(sig, never), ValueError);
        for (int sig : {SIGKILL, SIGSTOP}) EXPECT_THROW(loop.add_signal_handler(sig, never), RuntimeError);
        EXPECT_FALSE(loop.remove_signal_handler(0));
        EXPECT_EQ(kept.use_count(), 2);
        co_return;
    };
    run(talk());
}

// B099: the mask is again what it was.
TEST_P(SignalsTest, the_mask_of_the_thread_is_restored) {
    auto before = sys::blocked_signals();
    auto descriptors = testing::open_descriptors();
    auto talk = [before]() -> Task<> {
        auto& loop = get_running_loop();
        auto never = [] {};
        loop.add_signal_handler(SIGUSR1, never);
        EXPECT_EQ(sys::blocked_signals(), before | sys::only(SIGUSR1));
        loop.remove_signal_handler(SIGUSR1);
        EXPECT_EQ(sys::blocked_signals(), before);
        loop.add_signal_handler(SIGUSR2, never);  // and left to the end of the loop
        co_return;
    };
    run(talk());
    EXPECT_EQ(sys::blocked_signals(), before);
    EXPECT_EQ(testing::open_descriptors(), descriptors);
}

TEST_P(SignalsTest, a_signal_that_was_blocked_before_stays_blocked) {
    sys::block_signals(sys::only(SIGUSR1)).value();
    auto talk = []() -> Task<> {
        SignalReceiver receiver({SIGUSR1});
        send(SIGUSR1);
        int sig = co_await receiver.receive();
        EXPECT_EQ(sig, SIGUSR1);
    };
    run(talk());
    EXPECT_NE(sys::blocked_signals() & sys::only(SIGUSR1), 0u);
    sys::unblock_signals(sys::only(SIGUSR1)).value();
}

TEST(SignalsBetweenRuns, a_receiver_may_go) {
    auto before = sys::blocked_signals();
    EventLoop loop;
    std::optional<SignalReceiver> receiver;
    auto begin = [&]() -> Task<> {
        receiver.emplace(std::initializer_list<int>{SIGUSR1});
        co_return;
    };
    loop.run_until_complete(begin());
    EXPECT_EQ(sys::blocked_signals(), before | sys::only(SIGUSR1));
    receiver.reset();
    EXPECT_EQ(sys::blocked_signals(), before);
}

TEST_P(SignalsTest, a_receiver_loses_no_signal_between_two_waits) {
    auto talk = []() -> Task<> {
        SignalReceiver receiver({SIGUSR1, SIGUSR2});
        send(SIGUSR2);
        send(SIGUSR1);
        co_await sleep(2ms);
        int one = co_await receiver.receive();
        int two = co_await receiver.receive();
        EXPECT_EQ((std::vector{one, two}), (std::vector{SIGUSR1, SIGUSR2}));
        bool timed_out = false;
        try {
            co_await wait_for(receiver.receive(), 1ms);
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        send(SIGUSR1);
        int three = co_await receiver.receive();
        EXPECT_EQ(three, SIGUSR1);
        bool refused = false;
        try {
            SignalReceiver none({SIGKILL});
        } catch (const RuntimeError&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
    };
    run(talk());
}

BIGHT_ON_KERNEL_ENGINES(SignalsTest);

}  // namespace
}  // namespace bight::asyncio

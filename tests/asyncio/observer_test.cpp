// SPDX-License-Identifier: BSL-1.0
/// What a loop says to whoever asks, and what becomes of it where it cannot be asked.
#include <bight/asyncio/loop.h>

#include <bight/socket.h>

#include "asyncio/engines.h"
#include "support/faults.h"

#include <cerrno>
#include <string>

#include <unistd.h>

namespace bight::asyncio {
namespace {

struct ObserverTest : OnEveryEngine {
    LoopOptions observable() const { return {.engine = choice(), .debug = true, .observable = true}; }
};

Address name_of_loop(int number) {
    return Address::abstract_name("bight.ps." + std::to_string(::getpid()) + "." + std::to_string(number));
}

Task<Buffer> ask(Address name) {
    Stream stream = co_await open_connection(name);
    co_return co_await stream.read_all(1 << 20);
}

TEST_P(ObserverTest, tells_the_tasks_and_marks_the_end) {
    EventLoop loop(observable());
    auto answer = loop.run_until_complete(ask(name_of_loop(0)));
    EXPECT_NE(answer.view().find(" bight ps: running\n"), std::string::npos) << answer.view();
    EXPECT_TRUE(answer.view().ends_with("\n\n"));
}

TEST_P(ObserverTest, numbers_that_are_taken_are_left_out) {
    Socket taken(Family::unix_domain);
    taken.bind(name_of_loop(0));
    EventLoop loop(observable());
    auto answer = loop.run_until_complete(ask(name_of_loop(1)));
    EXPECT_TRUE(answer.view().ends_with("\n\n"));
}

/// With more than its socket takes to tell.
TEST_P(ObserverTest, who_does_not_read_is_left_after_five_seconds) {
    EventLoop loop(observable());
    auto talk = []() -> Task<> {
        TaskGroup group;
        std::string name(5000, 'x');
        auto sleep_long = []() -> Task<> { co_await sleep(1h); };
        for (int i = 0; i < 500; ++i) group.spawn(sleep_long).set_name(name);
        std::vector<Stream> idle;
        for (int i = 0; i < 2; ++i) idle.push_back(co_await open_connection(name_of_loop(0)));
        auto begin = get_running_loop().time();
        Stream last = co_await open_connection(name_of_loop(0));
        co_await last.read();
        EXPECT_GE(get_running_loop().time() - begin, 9s);
        EXPECT_LE(get_running_loop().time() - begin, 60s);
        group.cancel();
        co_await group.join();
    };
    loop.run_until_complete(talk());
}

TEST_P(ObserverTest, a_loop_that_cannot_be_asked_says_why_in_debug_mode_and_lives) {
    for (auto call : {sys::Call::socket, sys::Call::listen}) {
        for (bool debug : {true, false}) {
            int calls = 0;
            testing::Faults faults([&](sys::Call made) -> sys::Fault {
                if (made != call) return {};
                ++calls;
                return {EMFILE};
            });
            ::testing::internal::CaptureStderr();
            LoopOptions options = observable();
            options.debug = debug;
            EventLoop loop(options);
            auto nothing = []() -> Task<> { co_return; };
            loop.run_until_complete(nothing());
            std::string told = ::testing::internal::GetCapturedStderr();
            EXPECT_EQ(told.find("bight: error in bight ps: ") == 0, debug) << told;
            EXPECT_EQ(calls, 1);
        }
    }
}

BIGHT_ON_KERNEL_ENGINES(ObserverTest);

}  // namespace
}  // namespace bight::asyncio

// SPDX-License-Identifier: BSL-1.0
/// What a child of fork(2) may do with the loop that its parent runs: nothing, and the parent does not notice.
#include "asyncio/engines.h"

#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

#include <sys/wait.h>
#include <unistd.h>

namespace bight::asyncio {
namespace {

struct ForkTest : OnEveryEngine {};

Task<int> forty_two() {
    co_await sleep(1ms);
    co_return 42;
}

int wait_for_child(int child) {
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return status;
}

TEST_P(ForkTest, a_child_may_run_a_loop_of_its_own_and_drop_what_is_the_parents) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        TaskGroup group;
        auto read = [](Stream* stream) -> Task<std::string> {
            auto data = co_await stream->readexactly(10);
            co_return data.to_string();
        };
        auto reading = group.spawn(read, &b);
        co_await sleep(1ms);  // now it is the kernel's
        int child = ::fork();
        if (child == 0) {
            int failures = 0;
            try {
                (void)get_running_loop().run_until_complete(forty_two());
                ++failures;
            } catch (const RuntimeError&) {}
            { Stream gone = std::move(a); }
            if (asyncio::run(forty_two(), options_for(choice())) != 42) ++failures;
            ::_exit(failures);
        }
        EXPECT_EQ(wait_for_child(child), 0);
        co_await a.write("the parent");
        co_await group.join();
        EXPECT_EQ(reading.result(), "the parent");
    };
    run(talk());
}

TEST_P(ForkTest, a_child_that_goes_on_in_it_is_ended_and_told_why) {
    auto talk = []() -> Task<> {
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        int child = ::fork();
        if (child == 0) {
            ::dup2(ends[1], STDERR_FILENO);
            co_await sleep(1ms);
            ::_exit(0);
        }
        ::close(ends[1]);
        int status = wait_for_child(child);
        EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        char text[200] = {};
        EXPECT_GT(::read(ends[0], text, sizeof text - 1), 0);
        ::close(ends[0]);
        std::string_view expected = "bight: a child of fork() went on in an event loop of its parent's\n";
        EXPECT_EQ(std::string_view(text).substr(0, expected.size()), expected);
        co_await sleep(1ms);
    };
    run(talk());
}

BIGHT_ON_KERNEL_ENGINES(ForkTest);

}  // namespace
}  // namespace bight::asyncio

// SPDX-License-Identifier: BSL-1.0
#include "sys/ring.h"

#include "support/faults.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

#include <sys/wait.h>
#include <unistd.h>

namespace bight::sys {
namespace {

class RingTest : public ::testing::Test {
protected:
    void SetUp() override {
        auto opened = Ring::open({.entries = 8, .completions = 256});
        if (!opened) GTEST_SKIP() << "the kernel refuses io_uring";
        ring = std::move(*opened);
    }

    bool ask(std::uint64_t number) {
        io_uring_sqe* request = ring->request();
        if (!request) return false;
        request->opcode = IORING_OP_NOP;
        request->user_data = number;
        return true;
    }

    std::unique_ptr<Ring> ring;
};

TEST_F(RingTest, a_full_queue_that_the_kernel_does_not_take_loses_nothing_and_keeps_the_order) {
    if (!seam::built) GTEST_SKIP() << "built without fault injection";
    constexpr std::uint64_t count = 100;
    for (int errnum : {EBUSY, EAGAIN}) {
        {
            testing::Faults refused([=](Call call) -> Fault { return {call == Call::io_uring_enter ? errnum : 0}; });
            for (std::uint64_t number = 0; number < count; ++number) ASSERT_TRUE(ask(number));
            EXPECT_FALSE(ring->enter(false, {}));
        }
        EXPECT_EQ(ring->pending(), count);
        ASSERT_TRUE(ask(count));  // behind the others
        std::uint64_t next = 0;
        for (int turns = 0; ring->pending() > 0; ++turns) {
            ASSERT_LT(turns, 100);
            EXPECT_TRUE(ring->enter(true, {}));
            ring->answers([&](const io_uring_cqe& answer) { EXPECT_EQ(answer.user_data, next++); });
        }
        EXPECT_EQ(next, count + 1);
    }
}

TEST_F(RingTest, a_child_of_fork_is_refused_and_touches_nothing) {
    ASSERT_TRUE(ask(1));
    int child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        bool is_refused = !ring->is_own() && !ask(2);
        auto entered = ring->enter(false, {});
        ::_exit(is_refused && !entered && entered.error().number() == ECHILD ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(ring->enter(true, {}));
    std::uint64_t answered = 0;
    EXPECT_EQ(ring->answers([&](const io_uring_cqe& answer) { answered = answer.user_data; }), 1u);
    EXPECT_EQ(answered, 1u);
}

}  // namespace
}  // namespace bight::sys

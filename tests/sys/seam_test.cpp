// SPDX-License-Identifier: BSL-1.0
#include "sys/seam.h"

#include <bight/file_descriptor.h>

#include "support/descriptors.h"
#include "support/faults.h"
#include "sys/calls.h"

#include <gtest/gtest.h>

#include <cerrno>

#include <sys/socket.h>

namespace bight::sys {
namespace {

using testing::Faults;

TEST(Seam, a_call_fails_as_told_and_is_not_made) {
    Faults faults(testing::fail(Call::socket, EMFILE));
    auto before = testing::open_descriptors();
    auto refused = sys::socket(Family::inet, Kind::stream, 0);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().number(), EMFILE);
    EXPECT_EQ(testing::open_descriptors(), before);
    FileDescriptor next(sys::socket(Family::inet, Kind::stream, 0).value());
    EXPECT_TRUE(next);
}

TEST(Seam, a_short_count_moves_only_so_much) {
    auto pair = sys::socketpair(Family::unix_domain, Kind::stream, 0).value();
    FileDescriptor first(pair.first), second(pair.second);
    std::byte memory[8];
    {
        Faults faults([](Call call) { return call == Call::send ? Fault{0, 2} : Fault{}; });
        EXPECT_EQ(sys::send(first.fileno(), "hello", 0), 2u);
    }
    EXPECT_EQ(sys::recv(second.fileno(), memory, 0), 2u);
}

// B034: a descriptor is gone after close(), whatever close() says, and is not closed a second time.
TEST(Seam, close_always_closes) {
    Faults faults(testing::fail(Call::close, EINTR));
    auto before = testing::open_descriptors();
    FileDescriptor fd(sys::socket(Family::inet, Kind::stream, 0).value());
    EXPECT_FALSE(fd.try_close());
    EXPECT_FALSE(fd);
    EXPECT_EQ(testing::open_descriptors(), before);
}

TEST(FileDescriptor, closes_once_and_moves) {
    auto before = testing::open_descriptors();
    {
        FileDescriptor first(sys::eventfd().value());
        FileDescriptor second = std::move(first);
        EXPECT_FALSE(first);
        first = std::move(second);
        EXPECT_TRUE(first);
        EXPECT_EQ(testing::open_descriptors(), before + 1);
        int number = first.detach();
        EXPECT_FALSE(first);
        FileDescriptor(number).try_close().value();
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

// B041: close-on-exec is set by the call that makes the descriptor.
TEST(Calls, everything_made_is_close_on_exec) {
    auto expect_closed_on_exec = [](int fd) {
        FileDescriptor owner(fd);
        EXPECT_FALSE(sys::is_inheritable(fd).value());
    };
    expect_closed_on_exec(sys::socket(Family::inet, Kind::stream, 0).value());
    expect_closed_on_exec(sys::epoll_create().value());
    expect_closed_on_exec(sys::eventfd().value());
    auto pair = sys::socketpair(Family::unix_domain, Kind::stream, 0).value();
    expect_closed_on_exec(pair.first);
    expect_closed_on_exec(sys::duplicate(pair.second).value());
    expect_closed_on_exec(pair.second);
}

TEST(Calls, waiting_is_never_shorter_than_asked) {
    auto begin = sys::now();
    EXPECT_EQ(sys::poll({}, std::chrono::milliseconds(5)), 0);
    EXPECT_GE(sys::now() - begin, std::chrono::milliseconds(5));
    FileDescriptor epoll(sys::epoll_create().value());
    epoll_event event;
    begin = sys::now();
    EXPECT_EQ(sys::epoll_wait(epoll.fileno(), {&event, 1}, std::chrono::microseconds(700)), 0);
    EXPECT_GE(sys::now() - begin, std::chrono::microseconds(700));
}

}  // namespace
}  // namespace bight::sys

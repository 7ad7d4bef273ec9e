// SPDX-License-Identifier: BSL-1.0
// A limit of recv() that the kernel keeps: what it must not change but the number of calls.

#include <bight/file_descriptor.h>
#include <bight/socket.h>

#include "blocking/socket_state.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

namespace bight {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using testing::Faults;

class KernelLimit : public ::testing::Test {
protected:
    KernelLimit() : pair_(socket::socketpair()) { SocketAccess::limit_calls(near(), 1s); }
    Socket& near() { return pair_.first; }
    Socket& far() { return pair_.second; }
    static bool is_limited(int fd) {
        timeval limit{};
        socklen_t size = sizeof limit;
        EXPECT_EQ(::getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &size), 0);
        return limit.tv_sec != 0 || limit.tv_usec != 0;
    }

    socket::SocketPair pair_;
};

TEST_F(KernelLimit, holds_and_takes_one_call) {
    EXPECT_EQ(near().gettimeout(), Timeout(1s));
    std::atomic<int> receives = 0, others = 0;
    Faults count([&](sys::Call call) {
        ++(call == sys::Call::recv ? receives : others);
        return sys::Fault{};
    });
    auto begin = Clock::now();
    EXPECT_EQ(near().try_recv(1).error(), std::errc::timed_out);
    EXPECT_GE(Clock::now() - begin, 1s);
    EXPECT_LT(Clock::now() - begin, 10s);
    EXPECT_EQ(receives, 1);
    EXPECT_LE(others, 1);  // whether others made it non-blocking
}

TEST_F(KernelLimit, is_no_reason_to_wait_for_what_has_come) {
    far().sendall("now");
    EXPECT_EQ(near().recv(10), "now");
    EXPECT_EQ(near().try_recv(1, MSG_DONTWAIT).error(), std::errc::resource_unavailable_try_again);
    far().close();
    EXPECT_FALSE(near().recv(1));
}

TEST_F(KernelLimit, ends_with_another_limit_and_with_the_socket) {
    EXPECT_TRUE(is_limited(near().fileno()));
    near().settimeout(std::nullopt);
    EXPECT_FALSE(is_limited(near().fileno()));
    SocketAccess::limit_calls(near(), 2s);
    EXPECT_TRUE(is_limited(near().fileno()));
    near().settimeout(20ms);
    EXPECT_FALSE(is_limited(near().fileno()));
    EXPECT_EQ(near().try_recv(1).error(), std::errc::timed_out);
    near().settimeout(std::nullopt);
    SocketAccess::limit_calls(near(), 2s);
    int fd = near().detach();
    EXPECT_FALSE(is_limited(fd));
    ::close(fd);
}

// Calls that need a non-blocking descriptor make it one: that is known then, and ends with the limit.
TEST_F(KernelLimit, sendfile_and_connect_leave_no_mode_behind) {
    auto never_waits = [](const Socket& socket) { return (::fcntl(socket.fileno(), F_GETFL) & O_NONBLOCK) != 0; };
    auto file = FileDescriptor::open("/proc/self/cmdline");
    EXPECT_GT(near().sendfile(file), 0u);
    ASSERT_TRUE(never_waits(near()));
    SocketAccess::change_timeout(near(), std::nullopt);
    EXPECT_FALSE(never_waits(near()));

    auto listener = socket::create_server({"127.0.0.1", 0});
    Socket client;
    SocketAccess::limit_calls(client, 5s);
    client.connect(listener.getsockname());
    ASSERT_TRUE(never_waits(client));
    SocketAccess::change_timeout(client, std::nullopt);
    EXPECT_FALSE(never_waits(client));
}

TEST_F(KernelLimit, below_a_second_is_kept_as_every_other) {
    SocketAccess::limit_calls(far(), 20ms);
    EXPECT_FALSE(is_limited(far().fileno()));
    EXPECT_EQ(far().try_recv(1).error(), std::errc::timed_out);
}

TEST_F(KernelLimit, holds_although_a_duplicate_is_made_non_blocking) {
    auto duplicate = near().dup();
    ASSERT_EQ(::fcntl(duplicate.fileno(), F_SETFL, O_NONBLOCK), 0);
    auto begin = Clock::now();
    EXPECT_EQ(near().try_recv(1).error(), std::errc::timed_out);
    EXPECT_GE(Clock::now() - begin, 1s);
    far().sendall("x");
    EXPECT_EQ(near().recv(1), "x");
}

TEST_F(KernelLimit, a_signal_does_not_end_the_call) {
    SocketAccess::limit_calls(near(), 20s);
    struct sigaction none{}, before{};
    none.sa_handler = [](int) {};  // and no SA_RESTART
    ASSERT_EQ(::sigaction(SIGUSR1, &none, &before), 0);
    std::atomic<bool> over = false;
    std::thread waits([&] {
        EXPECT_EQ(near().recv(20), "after signals");
        over = true;
    });
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(::pthread_kill(waits.native_handle(), SIGUSR1), 0);
        std::this_thread::yield();
    }
    EXPECT_FALSE(over);
    far().sendall("after signals");
    waits.join();
    ::sigaction(SIGUSR1, &before, nullptr);
}

}  // namespace
}  // namespace bight

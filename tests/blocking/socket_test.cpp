// SPDX-License-Identifier: BSL-1.0
#include <bight/socket.h>

#include "support/descriptors.h"
#include "support/disturbances.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

namespace bight {
namespace {

using namespace std::chrono_literals;

TEST(Socket, is_ipv4_and_stream_unless_told) {
    Socket s;
    EXPECT_EQ(s.family(), Family::inet);
    EXPECT_EQ(s.kind(), Kind::stream);
    EXPECT_EQ(s.proto(), 0);
    EXPECT_FALSE(s.get_inheritable());
    EXPECT_EQ(s.getsockname(), Address::ip("0.0.0.0", 0));
}

TEST(Socket, the_platforms_constants_work) {
    Socket s(AF_INET, SOCK_STREAM);
    s.setsockopt(SOL_SOCKET, SO_SNDBUF, 65535);
    EXPECT_EQ(s.getsockopt(SOL_SOCKET, SO_SNDBUF), 131070);  // the kernel doubles it
    s.bind({"", 0});
    s.listen();
    EXPECT_GT(s.getsockname().port(), 0);
}

TEST(Socket, the_bits_of_the_kind_take_effect_but_do_not_show) {
    Socket s(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
    EXPECT_EQ(s.kind(), Kind::stream);
    EXPECT_EQ(s.gettimeout(), Timeout(0s));
    EXPECT_FALSE(s.getblocking());
}

TEST(Socket, options_as_bytes) {
    Socket s;
    timeval limit{2, 500000};
    s.setsockopt(SOL_SOCKET, SO_RCVTIMEO, std::as_bytes(std::span(&limit, 1)));
    auto value = s.getsockopt(SOL_SOCKET, SO_RCVTIMEO, sizeof limit);
    ASSERT_EQ(value.size(), sizeof limit);
    EXPECT_EQ(value, std::as_bytes(std::span(&limit, 1)));
    EXPECT_THROW(s.getsockopt(SOL_SOCKET, SO_RCVTIMEO, 0), ValueError);
    EXPECT_THROW(s.getsockopt(SOL_SOCKET, SO_RCVTIMEO, 1025), ValueError);
    EXPECT_THROW(s.getsockopt(SOL_SOCKET, 12345), OSError);
}

TEST(Socket, every_call_after_close_raises_an_os_error) {
    Socket s;
    s.close();
    s.close();
    EXPECT_EQ(s.fileno(), -1);
    EXPECT_THROW(s.recv(1), ClosedError);
    EXPECT_THROW(s.send("x"), ClosedError);
    EXPECT_THROW(s.sendall("x"), ClosedError);
    EXPECT_THROW(s.accept(), OSError);
    EXPECT_THROW(s.bind({"", 0}), ClosedError);
    EXPECT_THROW(s.listen(), ClosedError);
    EXPECT_THROW(s.connect({"127.0.0.1", 1}), ClosedError);
    EXPECT_THROW(s.recvfrom(1), ClosedError);
    EXPECT_THROW(s.sendto("x", Address::ip("127.0.0.1", 1)), ClosedError);
    EXPECT_THROW(s.getsockname(), ClosedError);
    EXPECT_THROW(s.getpeername(), ClosedError);
    EXPECT_THROW(s.settimeout(1s), ClosedError);
    EXPECT_THROW(s.shutdown(SHUT_RDWR), ClosedError);
    EXPECT_THROW(s.dup(), ClosedError);
    EXPECT_THROW((void)s.detach(), ClosedError);
    EXPECT_THROW(s.makefile(socket::rb), ClosedError);
    EXPECT_EQ(s.try_recv(1).error().number(), EBADF);
    EXPECT_EQ(s.try_send("x").error().number(), EBADF);
    EXPECT_EQ(s.try_accept().error().number(), EBADF);
}

TEST(Socket, closing_what_somebody_else_closed_says_so) {
    Socket s;
    ASSERT_EQ(::close(s.fileno()), 0);
    try {
        s.close();
        ADD_FAILURE();
    } catch (const OSError& error) {
        EXPECT_EQ(error.errnum(), EBADF);
    }
}

TEST(Socket, detach_gives_the_descriptor_away) {
    Socket s;
    int fd = s.detach();
    EXPECT_EQ(s.fileno(), -1);
    EXPECT_THROW(s.listen(), ClosedError);
    Socket again = Socket::adopt(fd);
    EXPECT_EQ(again.fileno(), fd);
}

TEST(Socket, adopt_asks_what_it_is) {
    Socket original(Family::inet6, Kind::datagram);
    Socket adopted = Socket::adopt(original.detach());
    EXPECT_EQ(adopted.family(), Family::inet6);
    EXPECT_EQ(adopted.kind(), Kind::datagram);
    EXPECT_EQ(adopted.proto(), IPPROTO_UDP);
    EXPECT_THROW(Socket::adopt(-1), ValueError);
    int pipes[2];
    ASSERT_EQ(::pipe(pipes), 0);
    EXPECT_THROW(Socket::adopt(pipes[0]), OSError);
    EXPECT_EQ(::close(pipes[0]), 0);  // it was left open
    EXPECT_EQ(::close(pipes[1]), 0);
    EXPECT_THROW(Socket::adopt(pipes[1]), OSError);
}

// B037: what we borrow keeps its mode; a non-blocking descriptor still waits where the Socket is to block.
TEST(Socket, adopt_takes_what_it_is_told) {
    auto [near, far] = socket::socketpair();
    int fd = near.detach();
    EXPECT_EQ(Socket::adopt(fd, {}, Kind(4711)).detach(), fd);
    Socket adopted = Socket::adopt(fd, Family(4711), Kind(SOCK_DGRAM | SOCK_NONBLOCK), 99);
    EXPECT_EQ(adopted.family(), 4711);
    EXPECT_EQ(adopted.kind(), Kind::datagram);
    EXPECT_EQ(adopted.proto(), 99);
    int pipes[2];
    ASSERT_EQ(::pipe(pipes), 0);
    EXPECT_THROW(Socket::adopt(pipes[0], Family::inet, Kind::stream, 0), OSError);  // ENOTSOCK, and left open
    EXPECT_EQ(::close(pipes[0]), 0);
    EXPECT_EQ(::close(pipes[1]), 0);
}

TEST(Socket, an_adopted_non_blocking_descriptor_is_waited_for) {
    auto [near, far] = socket::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK);
    Socket adopted = Socket::adopt(near.detach());
    EXPECT_EQ(adopted.gettimeout(), std::nullopt);
    std::thread writer([&far] { far.sendall("late"); });
    EXPECT_EQ(adopted.recv(10), "late");
    writer.join();
}

TEST(Socket, dup_has_a_descriptor_of_its_own) {
    auto [near, far] = socket::socketpair();
    near.settimeout(3s);
    Socket twin = near.dup();
    EXPECT_NE(twin.fileno(), near.fileno());
    EXPECT_EQ(twin.gettimeout(), Timeout(3s));
    EXPECT_FALSE(twin.get_inheritable());
    near.close();
    twin.sendall("on");
    EXPECT_EQ(far.recv(10), "on");
}

TEST(Socket, inheritable_both_ways) {
    Socket s;
    s.set_inheritable(true);
    EXPECT_TRUE(s.get_inheritable());
    s.set_inheritable(false);
    EXPECT_FALSE(s.get_inheritable());
}

TEST(Socket, no_descriptor_is_left_behind) {
    auto before = testing::open_descriptors();
    {
        auto listener = socket::create_server({"127.0.0.1", 0});
        auto client = socket::create_connection(listener.getsockname());
        auto [server, peer] = listener.accept();
        EXPECT_EQ(peer, client.getsockname());
        Socket moved = std::move(server);
        server = Socket();
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

// ---- Modes. ------------------------------------------------------------------------------------------------------------

TEST(Modes, of_a_new_socket) {
    Socket s;
    EXPECT_EQ(s.gettimeout(), std::nullopt);
    EXPECT_TRUE(s.getblocking());
    s.settimeout(2500ms);
    EXPECT_EQ(s.gettimeout(), Timeout(2500ms));
    EXPECT_TRUE(s.getblocking());
    s.setblocking(false);
    EXPECT_EQ(s.gettimeout(), Timeout(0s));
    s.setblocking(true);
    EXPECT_EQ(s.gettimeout(), std::nullopt);
    EXPECT_THROW(s.settimeout(-1ns), ValueError);
}

TEST(Modes, the_default_is_taken_by_new_and_accepted_sockets) {
    struct Restore {
        ~Restore() { socket::setdefaulttimeout(std::nullopt); }
    } restore;
    auto listener = socket::create_server({"127.0.0.1", 0});
    socket::setdefaulttimeout(7s);
    EXPECT_EQ(socket::getdefaulttimeout(), Timeout(7s));
    EXPECT_EQ(Socket().gettimeout(), Timeout(7s));
    EXPECT_EQ(Socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK).gettimeout(), Timeout(0s));
    auto client = socket::create_connection(listener.getsockname());
    EXPECT_EQ(client.gettimeout(), Timeout(7s));
    EXPECT_EQ(listener.accept().socket.gettimeout(), Timeout(7s));
    EXPECT_THROW(socket::setdefaulttimeout(-1s), ValueError);
}

TEST(Modes, accept_does_not_pass_the_listeners_timeout_on) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    listener.settimeout(5s);
    auto client = socket::create_connection(listener.getsockname());
    EXPECT_EQ(listener.accept().socket.gettimeout(), std::nullopt);
}

TEST(Modes, accept_gives_the_timeout_that_it_is_told) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    auto client = socket::create_connection(listener.getsockname());
    auto second = socket::create_connection(listener.getsockname());
    auto third = socket::create_connection(listener.getsockname());
    auto server = listener.accept(0s).socket;
    EXPECT_FALSE(server.getblocking());
    EXPECT_NE(::fcntl(server.fileno(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_THROW(server.recv(1), BlockingIOError);
    EXPECT_EQ(listener.try_accept(7s)->socket.gettimeout(), Timeout(7s));
    auto waits = listener.accept(std::nullopt).socket;
    EXPECT_EQ(waits.gettimeout(), std::nullopt);
    EXPECT_EQ(::fcntl(waits.fileno(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_THROW(listener.accept(-1ns), ValueError);
}

TEST(Modes, a_non_blocking_call_says_would_block_and_a_limit_says_timed_out) {
    auto [near, far] = socket::socketpair();
    near.setblocking(false);
    EXPECT_THROW(near.recv(1), BlockingIOError);
    EXPECT_EQ(near.try_recv(1).error().number(), EAGAIN);
    near.settimeout(5ms);
    EXPECT_THROW(near.recv(1), TimeoutError);
    EXPECT_EQ(near.try_recv(1).error().number(), ETIMEDOUT);
    EXPECT_THROW(near.recv(1, MSG_DONTWAIT), BlockingIOError);
    near.settimeout(std::nullopt);
    EXPECT_THROW(near.recv(1, MSG_DONTWAIT), BlockingIOError);
    auto listener = socket::create_server({"127.0.0.1", 0});
    listener.setblocking(false);
    EXPECT_THROW(listener.accept(), BlockingIOError);
    listener.settimeout(5ms);
    EXPECT_THROW(listener.accept(), TimeoutError);
}

TEST(Modes, a_limit_is_kept_and_not_passed_by_much) {
    auto [near, far] = socket::socketpair();
    near.settimeout(30ms);
    auto begin = std::chrono::steady_clock::now();
    EXPECT_THROW(near.recv(1), TimeoutError);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 30ms);
}

// One limit for the whole of sendall(), however many calls it takes: a peer that reads drop by drop does not renew it.
// B039: a signal every 10 ms for ten seconds; a limit that began anew with each would end after them.
TEST(Modes, a_limit_is_not_made_longer_by_signals) {
    static std::atomic<int> signals;
    signals = 0;
    struct sigaction action{}, before{};
    action.sa_handler = [](int) {
        itimerval calm{};
        if (++signals == 1000) ::setitimer(ITIMER_REAL, &calm, nullptr);
    };
    ::sigaction(SIGALRM, &action, &before);
    itimerval storm{{0, 10'000}, {0, 10'000}};
    ::setitimer(ITIMER_REAL, &storm, nullptr);
    auto [near, far] = socket::socketpair();
    near.settimeout(100ms);
    auto begin = std::chrono::steady_clock::now();
    EXPECT_THROW(near.recv(1), TimeoutError);
    auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_GE(took, 100ms);
    EXPECT_LT(took, 8s);
    EXPECT_GT(signals, 0);
    itimerval calm{};
    ::setitimer(ITIMER_REAL, &calm, nullptr);
    ::sigaction(SIGALRM, &before, nullptr);
}

TEST(Modes, sendall_has_one_limit_for_all) {
    auto [near, far] = socket::socketpair();
    near.settimeout(60ms);
    std::atomic<bool> stop = false;
    std::thread slow_reader([&] {
        far.settimeout(5ms);
        while (!stop) {
            (void)far.try_recv(1000);
            std::this_thread::yield();
        }
    });
    const std::string data(std::size_t{1} << 28, 'x');  // before the clock: its pages may take seconds
    auto begin = std::chrono::steady_clock::now();
    auto sent = near.try_sendall(data);
    auto took = std::chrono::steady_clock::now() - begin;
    stop = true;
    slow_reader.join();
    EXPECT_EQ(sent.error().number(), ETIMEDOUT);
    EXPECT_GE(took, 60ms);
    EXPECT_LT(took, 5s);
}

// ---- Functions on descriptors. -----------------------------------------------------------------------------------------

TEST(Descriptors, fromfd_and_dup_duplicate_and_close_closes) {
    auto [near, far] = socket::socketpair();
    auto before = testing::open_descriptors();
    {
        auto copy = socket::fromfd(near.fileno(), AF_UNIX, SOCK_STREAM);
        EXPECT_NE(copy.fileno(), near.fileno());
        EXPECT_FALSE(copy.get_inheritable());
        copy.sendall("by the copy");
    }
    EXPECT_EQ(far.recv(100), "by the copy");
    EXPECT_EQ(testing::open_descriptors(), before);
    int number = socket::dup(near.fileno());
    EXPECT_EQ(testing::open_descriptors(), before + 1);
    socket::close(number);
    EXPECT_EQ(testing::open_descriptors(), before);
    for (auto wrong : {+[] { socket::close(-1); }, +[] { (void)socket::dup(-1); }}) try {
            wrong();
            FAIL();
        } catch (const OSError& error) {
            EXPECT_EQ(error.errnum(), EBADF);
        }
    EXPECT_THROW(socket::fromfd(-1, AF_INET, SOCK_STREAM), ValueError);
    int pipes[2];
    ASSERT_EQ(::pipe(pipes), 0);
    EXPECT_THROW(socket::fromfd(pipes[0], AF_INET, SOCK_STREAM), OSError);
    ::close(pipes[0]);
    ::close(pipes[1]);
    EXPECT_EQ(testing::open_descriptors(), before);
}

TEST(Descriptors, dual_stack_is_known_by_trying) {
    auto before = testing::open_descriptors();
    if (socket::has_dualstack_ipv6()) {
        auto server = socket::create_server({"::", 0}, {.dualstack_ipv6 = true});
        EXPECT_EQ(server.getsockopt(IPPROTO_IPV6, IPV6_V6ONLY), 0);
    }
    EXPECT_EQ(testing::open_descriptors(), before);
    EXPECT_TRUE(socket::has_ipv6);
}

TEST(Options, no_value_but_a_length) {
    Socket s;
    s.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, nullptr, 0);
    try {
        s.setsockopt(SOL_SOCKET, SO_REUSEADDR, nullptr, sizeof(int));
        FAIL();
    } catch (const OSError& error) {
        EXPECT_EQ(error.errnum(), EFAULT);
    }
}

// The kernel keeps O_NONBLOCK with the open file, which duplicates share: the limit holds all the same.
TEST(Modes, a_duplicate_does_not_take_the_limit_away) {
    auto [near, far] = socket::socketpair();
    near.settimeout(20ms);
    Socket twin = near.dup();
    twin.settimeout(std::nullopt);
    EXPECT_THROW(near.recv(1), TimeoutError);
    auto listener = socket::create_server({"127.0.0.1", 0});
    listener.settimeout(20ms);
    Socket other = listener.dup();
    other.settimeout(std::nullopt);
    EXPECT_THROW(listener.accept(), TimeoutError);
    near.settimeout(std::nullopt);
    twin.setblocking(false);  // and a blocking one waits, whatever the descriptor says
    std::thread writer([&far] { far.sendall("late"); });
    EXPECT_EQ(near.recv(10), "late");
    writer.join();
}

TEST(Modes, is_what_was_asked_for_though_a_duplicate_had_changed_it) {
    auto [near, far] = socket::socketpair();
    auto never_waits = [fd = near.fileno()] { return (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0; };
    Socket twin = near.dup();
    twin.settimeout(5s);
    ASSERT_TRUE(never_waits());
    near.setblocking(true);
    EXPECT_FALSE(never_waits());
    near.settimeout(5s);
    twin.setblocking(true);
    ASSERT_FALSE(never_waits());
    near.setblocking(false);
    EXPECT_TRUE(never_waits());
}

// Of two that wait on one listener, one gets the connection: for the other the limit goes on.
TEST(Modes, accept_has_one_limit_for_all_attempts) {
    constexpr auto limit = 100ms;
    auto listener = socket::create_server({"127.0.0.1", 0});
    auto client = socket::create_connection(listener.getsockname());
    listener.settimeout(limit);
    int attempts = 0;
    testing::Faults faults([&](sys::Call call) -> sys::Fault {
        if (call != sys::Call::accept4) return {};
        if (++attempts == 1) std::this_thread::sleep_for(limit);  // it has passed before anything is lost
        return {EAGAIN};
    });
    EXPECT_THROW(listener.accept(), TimeoutError);
    EXPECT_LE(attempts, 3);  // two that do not look at the clock
}

// Where poll(2) is of no use, a call looks again after a pause: a signal ends that too.
TEST(Modes, a_signal_during_a_pause_is_not_lost) {
    Socket receiver(Family::unix_domain, Kind::datagram), sender(Family::unix_domain, Kind::datagram);
    receiver.bind(Address::unnamed());
    auto where = receiver.getsockname();
    sender.setblocking(false);
    while (sender.try_sendto("x", where)) {}
    sender.settimeout(300ms);
    testing::RaisingHook hook;
    testing::Faults faults([polls = 0](sys::Call call) mutable -> sys::Fault {  // two waits, then the first pause
        return call == sys::Call::poll && ++polls == 3 ? sys::Fault{EINTR} : sys::Fault{};
    });
    EXPECT_THROW(sender.sendto("x", where), testing::RaisingHook::Signal);
}

TEST(Modes, an_option_of_a_length_that_the_kernel_cannot_be_told_is_refused) {
    Socket s;
    auto too_long = (std::size_t{1} << 32) + 4;  // and not a length of 4
    EXPECT_THROW(s.setsockopt(SOL_SOCKET, SO_REUSEADDR, nullptr, too_long), OverflowError);
}

// poll(2) calls a Unix datagram socket writable whose receiver is full: no spin, and the limit holds.
TEST(Modes, ready_and_yet_not_possible_does_not_spin) {
    Socket receiver(Family::unix_domain, Kind::datagram), sender(Family::unix_domain, Kind::datagram);
    receiver.bind(Address::unnamed());
    auto where = receiver.getsockname();
    sender.setblocking(false);
    while (sender.try_sendto("x", where)) {}
    sender.settimeout(300ms);
    int calls = 0;
    auto begin = std::chrono::steady_clock::now();
    {
        testing::Faults count([&](sys::Call call) {
            calls += call == sys::Call::sendto;
            return sys::Fault{};
        });
        EXPECT_THROW(sender.sendto("x", where), TimeoutError);
    }
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 300ms);
    EXPECT_LT(calls, 60);
}

}  // namespace
}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#include <bight/socket.h>

#include <bight/lowlevel.h>

#include "support/descriptors.h"
#include "support/disturbances.h"
#include "support/faults.h"
#include "support/full_backlog.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <netdb.h>
#include <sys/time.h>
#include <unistd.h>

namespace bight {
namespace {

using namespace std::chrono_literals;
using testing::Faults;
using testing::FullBacklog;

/// A port of the loopback where nobody listens: bound, so that nobody else gets it.
struct DeadPort {
    DeadPort() { socket.bind({"127.0.0.1", 0}); }
    Address address() const { return socket.getsockname(); }
    Socket socket;
};

TEST(Connect, a_refusal_names_the_call_and_the_address) {
    DeadPort dead;
    Socket client;
    try {
        client.connect(dead.address());
        ADD_FAILURE();
    } catch (const ConnectionRefusedError& error) {
        EXPECT_EQ(error.what(), "connect to " + dead.address().to_string() + ": connection refused");
    }
}

TEST(Connect, in_every_mode) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    for (Timeout timeout : {Timeout(), Timeout(5s)}) {
        Socket client;
        client.settimeout(timeout);
        client.connect(listener.getsockname());
        EXPECT_EQ(client.getpeername(), listener.getsockname());
        EXPECT_EQ(client.gettimeout(), timeout);
    }
    Socket impatient;
    impatient.setblocking(false);
    int number = impatient.connect_ex(listener.getsockname());
    EXPECT_TRUE(number == 0 || number == EINPROGRESS);
}

TEST(Connect, connect_ex_returns_the_number) {
    DeadPort dead;
    for (Timeout timeout : {Timeout(), Timeout(5s)}) {
        Socket client;
        client.settimeout(timeout);
        EXPECT_EQ(client.connect_ex(dead.address()), ECONNREFUSED);
    }
    Socket client;
    EXPECT_THROW((void)client.connect_ex(HostPort("no-such-host.invalid", 80)), GaiError);
}

// B029: readiness is not success.
TEST(Connect, a_refusal_in_timeout_mode_is_a_refusal) {
    DeadPort dead;
    Socket client;
    client.settimeout(5s);
    EXPECT_THROW(client.connect(dead.address()), ConnectionRefusedError);
}

TEST(Connect, obeys_the_limit) {
    FullBacklog full({"127.0.0.1", 0});
    Socket client;
    client.settimeout(30ms);
    EXPECT_THROW(client.connect(full.listener.getsockname()), TimeoutError);
    Socket other;
    other.settimeout(30ms);
    EXPECT_EQ(other.connect_ex(full.listener.getsockname()), EAGAIN);
}

// B059: a Unix listener's full backlog is waited for within the limit, and not taken for a failure.
TEST(Connect, waits_for_a_unix_backlog) {
    FullBacklog full(Address::abstract_name("bight-test-" + std::to_string(::getpid())));
    auto where = full.listener.getsockname();
    Socket late(Family::unix_domain);
    late.settimeout(30ms);
    EXPECT_THROW(late.connect(where), TimeoutError);
    Socket patient(Family::unix_domain);
    patient.settimeout(20s);
    std::vector<Accepted> accepted;
    std::thread acceptor([&] {  // the last of the clients never got into the queue; the patient one does
        for (std::size_t i = 0; i < full.clients.size(); ++i) accepted.push_back(full.listener.accept());
    });
    patient.connect(where);
    EXPECT_EQ(patient.gettimeout(), Timeout(20s));
    patient.settimeout(1ms);
    EXPECT_THROW(patient.recv(1), TimeoutError);  // non-blocking below, as before
    acceptor.join();
}

TEST(Connect, goes_on_after_a_signal) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    Socket client;
    client.connect(listener.getsockname());  // under way for real ...
    Faults faults(testing::fail(sys::Call::connect, EINTR));
    EXPECT_TRUE(client.try_connect(listener.getsockname()));  // ... and told that a signal came
}

// Unlike elsewhere, an interrupted connect() to a Unix listener is not under way: it is made again.
TEST(Connect, of_unix_is_made_again_after_a_signal) {
    auto listener = socket::create_server(Address::abstract_name("bight-signal-" + std::to_string(::getpid())));
    for (Timeout timeout : {Timeout(), Timeout(5s)}) {
        Socket client(Family::unix_domain);
        client.settimeout(timeout);
        Faults faults(testing::fail(sys::Call::connect, EINTR, 2));
        client.connect(listener.getsockname());
        client.sendall("connected");
        EXPECT_EQ(listener.accept().socket.recv(100), "connected");
    }
}

TEST(Connect, a_hook_that_raises_leaves_the_mode_as_it_was) {
    FullBacklog full(Address::abstract_name("bight-hook-" + std::to_string(::getpid())));
    Socket client(Family::unix_domain);
    timeval own{7, 0};
    client.setsockopt(SOL_SOCKET, SO_SNDTIMEO, std::as_bytes(std::span(&own, 1)));
    client.settimeout(20ms);
    lowlevel::set_interrupt_hook([] { throw 7; });
    {
        Faults faults([calls = 0](sys::Call call) mutable -> sys::Fault {
            return call == sys::Call::connect && ++calls == 2 ? sys::Fault{EINTR} : sys::Fault{};
        });
        EXPECT_THROW(client.connect(full.listener.getsockname()), int);
    }
    lowlevel::set_interrupt_hook(nullptr);
    EXPECT_NE(::fcntl(client.fileno(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(client.getsockopt(SOL_SOCKET, SO_SNDTIMEO, sizeof own), std::as_bytes(std::span(&own, 1)));
}

TEST(Connect, of_unix_keeps_its_limit_when_a_duplicate_clears_o_nonblock) {
    FullBacklog full(Address::abstract_name("bight-duplicate-" + std::to_string(::getpid())));
    Socket client(Family::unix_domain);
    client.settimeout(20ms);
    testing::make_blocking_behind_its_back(client);
    EXPECT_LT(testing::time_of([&] { EXPECT_THROW(client.connect(full.listener.getsockname()), TimeoutError); }), 5s);
    client.settimeout(0s);
    testing::make_blocking_behind_its_back(client);
    EXPECT_EQ(client.connect_ex(full.listener.getsockname()), EAGAIN);
}

TEST(Connect, the_kernels_time_out_is_told_from_ours) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    Socket client, closed;
    closed.close();
    EXPECT_EQ(closed.connect_ex(listener.getsockname()), EBADF);
    Faults faults(testing::fail(sys::Call::connect, ETIMEDOUT));
    EXPECT_EQ(client.connect_ex(listener.getsockname()), ETIMEDOUT);
}

// B001, B015: resolvers read "0177.1" as 127.0.0.1, and take a dot behind it for nothing.
TEST(Connect, what_looks_like_a_number_is_no_name) {
    for (auto host : {"127.1", "0177.0.0.1", "2130706433", "0x7f.1", "0x7f000001", "1.2.3.4.5", "127.0.0.1."})
        EXPECT_THROW(socket::create_connection({host, 9}), ValueError) << host;
    EXPECT_THROW(Socket().connect({"127.1", 9}), ValueError);
}

// ---- The interrupt hook. -----------------------------------------------------------------------------------------------

thread_local int signals_seen = 0;
struct Stop {};

TEST(InterruptHook, is_asked_and_may_raise) {
    auto [near, far] = socket::socketpair();
    near.settimeout(20ms);
    signals_seen = 0;
    auto before = lowlevel::set_interrupt_hook([] { ++signals_seen; });
    EXPECT_EQ(before, nullptr);
    {
        Faults faults(testing::fail(sys::Call::poll, EINTR, 3));
        EXPECT_THROW(near.recv(1), TimeoutError);
        EXPECT_EQ(signals_seen, 3);
    }
    lowlevel::set_interrupt_hook([] { throw Stop(); });
    {
        Faults faults(testing::fail(sys::Call::recv, EINTR));
        EXPECT_THROW(near.recv(1), Stop);
    }
    {
        Faults faults(testing::fail(sys::Call::accept4, EINTR));
        auto listener = socket::create_server({"127.0.0.1", 0});
        EXPECT_THROW(listener.accept(), Stop);
    }
    {
        // The kernel tells of a signal by a short count where some bytes had gone out already.
        Faults faults([](sys::Call call) { return call == sys::Call::send ? sys::Fault{0, 1} : sys::Fault{}; });
        EXPECT_THROW(near.sendall("more than one"), Stop);
    }
    lowlevel::set_interrupt_hook(nullptr);
}

// ---- create_connection, create_server, socketpair. ---------------------------------------------------------------------

TEST(CreateConnection, sets_the_limit_on_what_it_returns) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    auto connection = socket::create_connection(listener.getsockname(), {.timeout = 5s});
    EXPECT_EQ(connection.gettimeout(), Timeout(5s));
    EXPECT_EQ(socket::create_connection({"localhost", listener.getsockname().port()}).gettimeout(), std::nullopt);
}

TEST(CreateConnection, binds_the_source_address) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    auto source = Address::ip("127.0.0.2", 0);
    auto connection = socket::create_connection(listener.getsockname(), {.source_address = &source});
    EXPECT_EQ(connection.getsockname().host(), "127.0.0.2");
}

TEST(CreateConnection, errors) {
    DeadPort dead;
    EXPECT_THROW(socket::create_connection(dead.address()), ConnectionRefusedError);
    EXPECT_THROW(socket::create_connection({"localhost", dead.address().port()}), ConnectionRefusedError);
    EXPECT_THROW(socket::create_connection({"no-such-host.invalid", 80}), GaiError);
    EXPECT_THROW(socket::create_connection(dead.address(), {.timeout = -1s}), ValueError);
    FullBacklog full({"127.0.0.1", 0});
    EXPECT_THROW(socket::create_connection(full.listener.getsockname(), {.timeout = 20ms}), TimeoutError);
}

TEST(CreateConnection, a_limit_that_has_run_out_before_the_attempt_is_no_mode) {
    FullBacklog full({"127.0.0.1", 0});
    EXPECT_THROW(socket::create_connection(full.listener.getsockname(), {.timeout = 1ns}), TimeoutError);
    EXPECT_THROW(socket::create_connection(full.listener.getsockname(), {.timeout = 0ns}), BlockingIOError);
}

TEST(CreateServer, a_port_in_use_is_told_by_name) {
    auto first = socket::create_server({"127.0.0.1", 0});
    auto where = first.getsockname();
    try {
        socket::create_server(where);
        ADD_FAILURE();
    } catch (const OSError& error) {
        EXPECT_EQ(error.errnum(), EADDRINUSE);
        EXPECT_EQ(error.what(), "bind to " + where.to_string() + ": address already in use");
    }
}

// Seed 29: Ctrl-C leaves no port behind.
TEST(CreateServer, restarts_at_once_on_the_same_port) {
    Address where;
    {
        auto listener = socket::create_server({"127.0.0.1", 0});
        where = listener.getsockname();
        auto client = socket::create_connection(where);
        auto accepted = listener.accept();
        accepted.socket.close();  // the server goes first: TIME_WAIT is on its side
        EXPECT_FALSE(client.recv(1));
    }
    EXPECT_NO_THROW(socket::create_server(where));
}

TEST(CreateServer, ipv6_is_ipv6_only_unless_dualstack) {
    auto server = socket::create_server({"::1", 0});
    EXPECT_EQ(server.family(), Family::inet6);
    EXPECT_EQ(server.getsockopt(IPPROTO_IPV6, IPV6_V6ONLY), 1);
    auto both = socket::create_server({"", 0}, {.dualstack_ipv6 = true});
    auto client = socket::create_connection({"127.0.0.1", both.getsockname().port()});
    EXPECT_EQ(both.accept().peer.host(), "::ffff:127.0.0.1");
    EXPECT_THROW(socket::create_server({"127.0.0.1", 0}, {.dualstack_ipv6 = true}), ValueError);
    EXPECT_THROW(socket::create_server({"127.0.0.1", 0}, {.family = Family::inet6}), GaiError);
}

TEST(CreateServer, any_address_and_reuse_port) {
    auto any = socket::create_server({"", 0}, {.reuse_port = true});
    EXPECT_TRUE(any.getsockname().is_any());
    EXPECT_NO_THROW(socket::create_server({"", any.getsockname().port()}, {.reuse_port = true}));
}

TEST(Socketpair, is_of_unix_streams_unless_told) {
    auto [one, other] = socket::socketpair();
    EXPECT_EQ(one.family(), Family::unix_domain);
    EXPECT_EQ(one.kind(), Kind::stream);
    auto datagrams = socket::socketpair(Family::unix_domain, Kind::datagram);
    datagrams.first.send("one");
    datagrams.first.send("two");
    EXPECT_EQ(datagrams.second.recv(100), "one");
    EXPECT_THROW(socket::socketpair(Family::inet), OSError);
}

// B055: only what nobody answers at is removed.
TEST(UnlinkStale, removes_a_dead_socket_and_nothing_else) {
    testing::TemporaryFolder folder;
    auto path = Address::unix_path(folder.path("s"));
    EXPECT_TRUE(socket::unlink_stale(path));  // never was
    {
        auto live = socket::create_server(path);
        EXPECT_FALSE(socket::unlink_stale(path));
        EXPECT_NO_THROW(socket::create_connection(path));
    }
    EXPECT_THROW(socket::create_server(path), OSError);
    EXPECT_TRUE(socket::unlink_stale(path));
    EXPECT_NO_THROW(socket::create_server(path));
    EXPECT_FALSE(socket::unlink_stale(Address::unix_path("/dev/null")));
    EXPECT_FALSE(socket::unlink_stale(Address::unix_path("/")));
}

TEST(Resolver, numbers_names_and_filters) {
    auto found = socket::getaddrinfo("127.0.0.1", 80, {.kind = Kind::stream});
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found.front().address, Address::ip("127.0.0.1", 80));
    EXPECT_EQ(found.front().proto, IPPROTO_TCP);
    EXPECT_EQ(socket::getaddrinfo("::1", "http", {.kind = Kind::stream}).front().address, Address::ip("::1", 80));
    EXPECT_EQ(
        socket::getaddrinfo(std::nullopt, 7, {.family = Family::inet, .flags = AI_PASSIVE}).front().address.host(),
        "0.0.0.0");
    EXPECT_EQ(socket::getaddrinfo("localhost", {}, {.family = Family::inet}).front().address.host(), "127.0.0.1");
}

TEST(Resolver, no_service_is_port_0) { EXPECT_EQ(socket::getaddrinfo("127.0.0.1", nullptr).front().address.port(), 0); }

TEST(Resolver, errors_are_its_own) {
    try {
        socket::getaddrinfo("localhost", "no-such-service");
        ADD_FAILURE();
    } catch (const GaiError& error) {
        EXPECT_EQ(error.errnum(), EAI_SERVICE);
    }
    EXPECT_THROW(socket::getaddrinfo("localhost", {}, {.flags = AI_NUMERICHOST}), GaiError);
    EXPECT_THROW(socket::getaddrinfo(std::string_view("a\0b", 3)), ValueError);
    EXPECT_THROW(socket::getaddrinfo(std::string(254, 'a')), ValueError);
    EXPECT_THROW(socket::Service(65536), OverflowError);
    Faults faults(testing::fail(sys::Call::getaddrinfo, ENOMEM));  // B025: EAI_SYSTEM is the errno behind it
    EXPECT_THROW(socket::getaddrinfo("localhost"), OSError);
}

}  // namespace
}  // namespace bight

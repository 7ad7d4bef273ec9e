// SPDX-License-Identifier: BSL-1.0
// Limits that know what a message is (B115): bytes that trickle in keep no connection alive.

#include <bight/socketserver.h>

#include "frameworks/serving.h"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <thread>

namespace bight::socketserver {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Lines : StreamRequestHandler {
    void handle() override {
        while (auto line = read_message()) wfile.write(line);
    }
};

template <class Base>
struct Quiet : Base {
    using Base::Base;
    ~Quiet() override { this->server_close(); }
    void handle_error(Request&, const Address&) override {}
};

template <class Kind>
using Limited = Quiet<typename Kind::Server>;

/// Two threads, or two workers.
template <class Server>
auto two_with(const ConnectionLimits& limits) {
    if constexpr (requires(Server& server) { server.workers(); })
        return PreforkOptions{.workers = 2, .limits = limits};
    else
        return PoolOptions{.threads = 2, .limits = limits};
}

template <class Kind>
class MessageLimits : public ::testing::Test {};
using Servers = ::testing::Types<Internet<PoolTCPServer<Lines>>, Internet<PreforkTCPServer<Lines>>,
                                 Unix<PoolUnixStreamServer<Lines>>, Unix<PreforkUnixStreamServer<Lines>>>;
TYPED_TEST_SUITE(MessageLimits, Servers);

/// Sends a byte again and again until the server has ended the connection; says how long that took.
Duration trickle(Client& client) {
    auto begin = Clock::now();
    client.connection.settimeout(5ms);
    while (Clock::now() < begin + 20s) {
        if (!client.connection.try_send("x")) break;
        auto answer = client.connection.try_recv(1);
        if (answer ? answer->empty() : answer.error() != std::errc::timed_out) break;
    }
    return Clock::now() - begin;
}

TYPED_TEST(MessageLimits, the_first_message_is_to_be_whole_in_time) {
    Limited<TypeParam> server(TypeParam::bound(), {}, two_with<typename TypeParam::Server>({.first_message = 1s}));
    Serving serving(server);
    auto begin = Clock::now();
    Client trickles(server.server_address()), silent(server.server_address());
    trickle(trickles);
    auto lasted = Clock::now() - begin;
    EXPECT_GE(lasted, 1s);
    EXPECT_LT(lasted, 15s);
    EXPECT_TRUE(silent.is_ended());
    EXPECT_TRUE(soon([&] { return server.counters().late == 2; }));
    EXPECT_EQ(server.counters().slow, 0u);
    EXPECT_EQ(Client(server.server_address()).ask(), "x\n");
}

TYPED_TEST(MessageLimits, later_ones_may_take_their_time_but_come_at_a_rate) {
    auto limits = ConnectionLimits{.first_message = 1s, .least_rate = 1'000'000, .rate_grace = 100ms};
    Limited<TypeParam> server(TypeParam::bound(), {}, two_with<typename TypeParam::Server>(limits));
    Serving serving(server);
    Client client(server.server_address());
    EXPECT_EQ(client.ask(), "x\n");
    client.connection.settimeout(1200ms);  // longer than both limits, but no message has begun
    EXPECT_EQ(client.connection.try_recv(1).error(), std::errc::timed_out);
    client.connection.settimeout(20s);
    client.connection.sendall("y\n");
    EXPECT_EQ(client.connection.recv(10), "y\n");
    EXPECT_LT(trickle(client), 15s);
    EXPECT_TRUE(soon([&] { return server.counters().slow == 1; }));
    EXPECT_EQ(server.counters().late, 0u);
}

TYPED_TEST(MessageLimits, idle_between_messages) {
    Limited<TypeParam> server(TypeParam::bound(), {}, two_with<typename TypeParam::Server>({.idle = 1s}));
    Serving serving(server);
    Client client(server.server_address());
    EXPECT_EQ(client.ask(), "x\n");
    EXPECT_TRUE(client.is_ended());
}

TEST(MessageLimitsOf, messages_of_another_form) {
    struct Prefixed : StreamRequestHandler {
        void handle() override {
            while (true) {
                auto message = read_message_by([&] {
                    auto size = rfile.read(1);
                    return size ? rfile.read(static_cast<std::size_t>(size.data()[0])) : Buffer();
                });
                if (!message) return;
                wfile.write(message);
            }
        }
    };
    Quiet<PoolTCPServer<Prefixed>> server(any_port, {}, {.limits = {.first_message = 1s}});
    Serving serving(server);
    Client good(server.server_address());
    good.connection.sendall("\3abc");
    EXPECT_EQ(good.connection.recv(3), "abc");
    Client late(server.server_address());
    late.connection.sendall("\3ab");
    EXPECT_TRUE(late.is_ended());
    EXPECT_TRUE(soon([&] { return server.counters().late == 1; }));
}

/// Whether an honest client is: one whose line was late, too, is not.
bool is_served(const Address& where) {
    try {
        return Client(where).ask() == "x\n";
    } catch (const OSError&) {
        return false;
    }
}

// Slow senders by the thousand, against two threads: all are ended, and memory and threads stay what they were.
TEST(MessageLimitsOf, a_thousand_slow_senders_do_not_keep_others_out) {
    Quiet<PoolTCPServer<Lines>> server(any_port, {.request_queue_size = 128},
                                       {.threads = 4, .queue = 64, .limits = {.idle = 50ms, .first_message = 20ms}});
    Serving serving(server, 10ms);
    std::deque<Socket> slow;
    for (int i = 0; i < 1000; ++i) {
        slow.push_back(socket::create_connection(server.server_address(), {.timeout = 20s}));
        (void)slow.back().try_send("x");
    }
    EXPECT_TRUE(soon([&] { return is_served(server.server_address()); }));
    EXPECT_TRUE(soon([&] { return server.counters().ended + server.counters().stale >= 1001; }));
    EXPECT_GT(server.counters().late, 0u);
}

// Slow readers by the hundred: each write has the limit of a call.
TEST(MessageLimitsOf, readers_that_do_not_read_are_ended) {
    struct Flood : StreamRequestHandler {
        void handle() override {
            static const std::string much(std::size_t{8} << 20, 'x');
            wfile.write(much);
        }
    };
    Quiet<PoolTCPServer<Flood>> server(any_port, {.request_queue_size = 128}, {.threads = 8, .limits = {.idle = 50ms}});
    Serving serving(server, 10ms);
    std::deque<Socket> deaf;
    for (int i = 0; i < 40; ++i) {
        deaf.push_back(socket::create_connection(server.server_address(), {.timeout = 20s}));
    }
    EXPECT_TRUE(soon([&] { return server.counters().ended + server.counters().stale == 40; }));
}

}  // namespace
}  // namespace bight::socketserver

// SPDX-License-Identifier: BSL-1.0
#include <bight/socketserver.h>

#include "frameworks/exhaustion.h"
#include "frameworks/serving.h"
#include "support/descriptors.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

namespace bight::socketserver {
namespace {

using namespace std::chrono_literals;
using testing::Faults;

// ---- Threads. ----------------------------------------------------------------------------------------------------------

TEST(Pool, serves_streams_and_datagrams) {
    testing::TemporaryFolder folder;
    PoolTCPServer<Echo> tcp(any_port);
    PoolUnixStreamServer<Echo> local(folder.path("stream"));
    PoolUDPServer<EchoPacket> udp(any_port);
    PoolUnixDatagramServer<EchoPacket> packets(folder.path("packets"));
    Serving one(tcp);
    Serving two(local);
    Serving three(udp);
    Serving four(packets);
    EXPECT_EQ(Client(tcp.server_address()).ask(), "x\n");
    EXPECT_EQ(Client(local.server_address()).ask(), "x\n");
    Socket internet(Family::inet, Kind::datagram), unix_client(Family::unix_domain, Kind::datagram);
    unix_client.bind(Address::unix_path(folder.path("client")));
    for (auto* client : {&internet, &unix_client}) client->settimeout(20s);
    internet.sendto("packet", udp.server_address());
    EXPECT_EQ(internet.recv(10), "packet");
    unix_client.sendto("packet", packets.server_address());
    EXPECT_EQ(unix_client.recv(10), "packet");
}

TEST(Pool, has_no_more_threads_than_it_may) {
    static std::mutex mutex;
    static std::set<std::thread::id> seen;
    struct Who : Echo {
        void handle() override {
            {
                std::lock_guard lock(mutex);
                seen.insert(std::this_thread::get_id());
            }
            Echo::handle();
        }
    };
    seen.clear();
    PoolTCPServer<Who> server(any_port, {.request_queue_size = 128}, {.threads = 3});
    Serving serving(server);
    std::deque<std::thread> clients;
    for (int i = 0; i < 12; ++i)
        clients.emplace_back([&] {
            for (int j = 0; j < 20; ++j) EXPECT_EQ(Client(server.server_address()).ask(), "x\n");
        });
    for (auto& client : clients) client.join();
    auto tally = server.stop();
    EXPECT_EQ(tally.served + tally.drained, 240u);
    EXPECT_LE(seen.size(), 3u);
}

// B100: nothing is kept of a request that has ended.
TEST(Pool, forgets_what_has_ended) {
    PoolTCPServer<Echo> server(any_port, {}, {.threads = 2});
    Serving serving(server);
    for (int i = 0; i < 200; ++i) EXPECT_EQ(Client(server.server_address()).ask(), "x\n");
    EXPECT_TRUE(soon([&] { return server.counters().ended == 200; }));
    EXPECT_EQ(server.counters().running + server.counters().queued, 0u);
}

TEST(Pool, errors_of_handlers_end_their_request_only) {
    struct Faulty : BaseRequestHandler {
        void handle() override { throw ValueError("a bug"); }
    };
    struct Counting : PoolTCPServer<Faulty> {
        using PoolTCPServer::PoolTCPServer;
        ~Counting() override { this->server_close(); }
        void handle_error(Request&, const Address&) override { ++errors; }
        std::atomic<int> errors = 0;
    } server(any_port);
    Serving serving(server);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(Client(server.server_address()).answers.readline().empty());
    EXPECT_EQ(server.errors, 3);
}

// ---- A full queue. -----------------------------------------------------------------------------------------------------

/// A server with one thread, which is busy, and a queue of one, which is full.
struct Full {
    explicit Full(WhenFull when_full)
        : server(any_port, {}, {.threads = 1, .queue = 1, .when_full = when_full}), serving(server) {
        busy.emplace(server.server_address());
        EXPECT_EQ(busy->ask(), "x\n");
        queued.emplace(server.server_address());
        EXPECT_TRUE(soon([&] { return server.counters().queued == 1; }));
    }
    PoolTCPServer<Echo> server;
    Serving<PoolTCPServer<Echo>> serving;
    std::optional<Client> busy, queued;
};

TEST(PoolQueue, waits) {
    Full full(WhenFull::wait);
    Client third(full.server.server_address());
    third.connection.sendall("x\n");
    third.connection.settimeout(20ms);
    EXPECT_THROW(third.connection.recv(10), TimeoutError);
    third.connection.settimeout(20s);
    full.busy.reset();
    EXPECT_EQ(full.queued->ask(), "x\n");
    full.queued.reset();
    EXPECT_EQ(third.answers.readline(), "x\n");
    auto counters = full.server.counters();
    EXPECT_EQ(counters.over_queue + counters.shed, 0u);
}

TEST(PoolQueue, refuses) {
    Full full(WhenFull::refuse);
    EXPECT_TRUE(Client(full.server.server_address()).is_ended());
    full.busy.reset();
    EXPECT_EQ(full.queued->ask(), "x\n");
    EXPECT_EQ(full.server.counters().over_queue, 1u);
    EXPECT_EQ(full.server.stop(0s).refused, 1u);
}

TEST(PoolQueue, sheds) {
    Full full(WhenFull::shed);
    Client third(full.server.server_address());
    EXPECT_TRUE(full.queued->is_ended());
    full.busy.reset();
    EXPECT_EQ(third.ask(), "x\n");
    EXPECT_EQ(full.server.counters().shed, 1u);
    EXPECT_EQ(full.server.stop(0s).refused, 1u);
}

TEST(PoolQueue, a_wait_sees_shutdown_and_stop) {
    Full full(WhenFull::wait);
    Client third(full.server.server_address());
    auto tally = full.server.stop(20ms);
    EXPECT_EQ(tally.served + tally.drained, 0u);
    EXPECT_GE(tally.aborted, 2u);
    EXPECT_TRUE(full.busy->is_ended());
    EXPECT_TRUE(full.queued->is_ended());
    EXPECT_TRUE(third.is_ended());
}

// ---- Limits. -----------------------------------------------------------------------------------------------------------

TEST(PoolLimits, connections_in_all) {
    PoolTCPServer<Echo> server(any_port, {}, {.limits = {.max_connections = 2}});
    Serving serving(server);
    Client first(server.server_address()), second(server.server_address());
    EXPECT_EQ(first.ask() + second.ask(), "x\nx\n");
    EXPECT_TRUE(Client(server.server_address()).is_ended());
    EXPECT_EQ(server.counters().over_connections, 1u);
    first.connection.close();
    first.answers.close();
    EXPECT_TRUE(soon([&] { return server.counters().running == 1; }));
    EXPECT_EQ(Client(server.server_address()).ask(), "x\n");
}

/// Connections come from elsewhere, as far as the server knows.
struct FromFarAway : PoolTCPServer<Echo> {
    using PoolTCPServer::PoolTCPServer;
    ~FromFarAway() override { this->server_close(); }
    Incoming get_request() override {
        auto incoming = PoolTCPServer::get_request();
        incoming.client_address = *HostPort("192.0.2.1", 9).address();
        return incoming;
    }
};

TEST(PoolLimits, connections_of_one_peer) {
    FromFarAway server(any_port, {}, {.limits = {.max_connections = 100, .max_per_peer = 2}});
    Serving serving(server);
    Client first(server.server_address()), second(server.server_address());
    EXPECT_EQ(first.ask() + second.ask(), "x\nx\n");
    EXPECT_TRUE(Client(server.server_address()).is_ended());
    EXPECT_EQ(server.counters().over_peer, 1u);
    first.connection.close();
    first.answers.close();
    EXPECT_TRUE(soon([&] { return server.counters().running == 1; }));
    EXPECT_EQ(Client(server.server_address()).ask(), "x\n");
}

TEST(PoolLimits, the_loopback_has_no_share) {
    PoolTCPServer<Echo> server(any_port, {}, {.limits = {.max_connections = 8}});  // a share would be one
    Serving serving(server);
    Client first(server.server_address()), second(server.server_address());
    EXPECT_EQ(first.ask() + second.ask(), "x\nx\n");
}

TEST(PoolLimits, idle) {
    struct Quiet : PoolTCPServer<Echo> {
        using PoolTCPServer::PoolTCPServer;
        ~Quiet() override { this->server_close(); }
        void handle_error(Request&, const Address&) override { ++errors; }
        std::atomic<int> errors = 0;
    } server(any_port, {}, {.limits = {.idle = 20ms}});
    Serving serving(server);
    EXPECT_TRUE(Client(server.server_address()).is_ended());
    EXPECT_EQ(server.errors, 1);
}

TEST(PoolLimits, lifetime_ends_also_who_is_never_idle) {
    PoolTCPServer<Echo> server(any_port, {}, {.limits = {.lifetime = 50ms}});
    Serving serving(server, 10ms);
    auto begin = std::chrono::steady_clock::now();
    Client client(server.server_address());
    try {
        while (client.ask() == "x\n") {}
    } catch (const OSError&) {}
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 50ms);
    EXPECT_EQ(server.counters().expired, 1u);
}

TEST(PoolLimits, lifetime_also_while_everybody_is_busy_and_the_queue_is_full) {
    PoolTCPServer<Echo> server(any_port, {}, {.threads = 1, .queue = 1, .limits = {.lifetime = 1s}});
    Serving serving(server, 10ms);
    Client busy(server.server_address());
    busy.ask();
    Client queued(server.server_address());
    EXPECT_TRUE(soon([&] { return server.counters().queued == 1; }));
    Client in_hand(server.server_address());
    EXPECT_TRUE(busy.is_ended());
    EXPECT_TRUE(queued.is_ended());
    EXPECT_TRUE(soon([&] { return server.counters().expired >= 1; }));
}

// The limits hold from accept on, not from when a thread is free.
TEST(PoolLimits, silence_in_the_queue_counts_too) {
    PoolTCPServer<Echo> server(any_port, {}, {.threads = 1, .limits = {.max_connections = 3, .idle = 1s}});
    Serving serving(server, 10ms);
    Client busy(server.server_address());
    busy.ask();
    Client speaks(server.server_address()), silent(server.server_address());
    speaks.connection.sendall("x\n");
    EXPECT_TRUE(soon([&] { return server.counters().queued == 2; }));
    EXPECT_TRUE(Client(server.server_address()).is_ended());
    EXPECT_EQ(server.counters().over_connections, 1u);
    silent.connection.setblocking(false);
    while (!silent.is_ended()) EXPECT_EQ(busy.ask(), "x\n");
    EXPECT_EQ(server.counters().stale, 1u);
    EXPECT_EQ(server.counters().queued, 1u);
    busy.finish();
    EXPECT_EQ(speaks.answers.readline(), "x\n");
}

// ---- Exhaustion. -------------------------------------------------------------------------------------------------------

// B027
TEST(PoolExhaustion, accept_without_descriptors_neither_spins_nor_lasts) {
    PoolTCPServer<Echo> server(any_port);
    std::atomic<bool> failing = true;
    std::atomic<int> calls = 0;
    Faults faults([&](sys::Call call) -> sys::Fault {
        if (call != sys::Call::accept4 || !failing) return {};
        ++calls;
        return {EMFILE};
    });
    Serving serving(server);
    Client client(server.server_address());
    client.connection.sendall("x\n");
    ProcessorTime spent;
    client.connection.settimeout(1s);  // the time it is watched for
    EXPECT_THROW(client.connection.recv(10), TimeoutError);
    EXPECT_LT(spent.seconds(), little);
    EXPECT_LE(calls, 20);
    failing = false;
    auto begin = std::chrono::steady_clock::now();
    client.connection.settimeout(20s);
    EXPECT_EQ(client.connection.recv(10), "x\n");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
}

TEST(PoolExhaustion, leaks_nothing) {
    auto before = testing::open_descriptors();
    for (int i = 0; i < 5; ++i) {
        PoolTCPServer<Echo> server(any_port);
        Serving serving(server);
        Client client(server.server_address());
        client.ask();
        server.stop(0s);
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

}  // namespace
}  // namespace bight::socketserver

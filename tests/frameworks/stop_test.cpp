// SPDX-License-Identifier: BSL-1.0
#include <bight/socketserver.h>

#include "frameworks/serving.h"
#include "support/descriptors.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <deque>
#include <future>
#include <string>
#include <thread>

#include <unistd.h>

namespace bight::socketserver {
namespace {

using namespace std::chrono_literals;
using testing::Faults;

void expect_tally(const StopTally& tally, std::uint64_t served, std::uint64_t drained, std::uint64_t aborted) {
    EXPECT_EQ(tally.served, served);
    EXPECT_EQ(tally.drained, drained);
    EXPECT_EQ(tally.aborted, aborted);
    EXPECT_EQ(tally.refused, 0u);
}

template <class Server>
class Stop : public ::testing::Test {};
using InOneProcess = ::testing::Types<TCPServer<Echo>, ThreadingTCPServer<Echo>, ForkingTCPServer<Echo>>;
using Servers =
    ::testing::Types<TCPServer<Echo>, ThreadingTCPServer<Echo>, ForkingTCPServer<Echo>, PreforkTCPServer<Echo>>;
TYPED_TEST_SUITE(Stop, Servers);

TYPED_TEST(Stop, of_an_idle_server_returns_at_once) {
    TypeParam server(any_port);
    auto where = server.server_address();
    Serving serving(server);
    { EXPECT_EQ(Client(where).ask(), "x\n"); }
    auto tally = server.stop(std::nullopt);
    EXPECT_EQ(tally.served + tally.drained, 1u);
    EXPECT_EQ(tally.aborted + tally.refused, 0u);
    EXPECT_EQ(server.fileno(), -1);
    EXPECT_THROW(socket::create_connection(where), ConnectionRefusedError);
}

TYPED_TEST(Stop, lets_handlers_finish) {
    TypeParam server(any_port);
    Serving serving(server);
    Client client(server.server_address());
    client.ask();
    auto stopped = std::async(std::launch::async, [&] { return server.stop(20s); });
    EXPECT_EQ(client.ask(), "x\n");
    client.finish();
    EXPECT_TRUE(client.answers.readline().empty());
    auto tally = stopped.get();
    EXPECT_EQ(tally.served + tally.drained, 1u);  // it may have ended before stop() was called
    EXPECT_EQ(tally.aborted + tally.refused, 0u);
}

TYPED_TEST(Stop, aborts_what_is_left_at_the_deadline) {
    TypeParam server(any_port);
    Serving serving(server);
    Client client(server.server_address());
    client.ask();
    expect_tally(server.stop(20ms), 0, 0, 1);
    EXPECT_TRUE(client.is_ended());
}

TYPED_TEST(Stop, a_second_one_forces_the_first) {
    TypeParam server(any_port);
    Serving serving(server);
    Client client(server.server_address());
    client.ask();
    auto first = std::async(std::launch::async, [&] { return server.stop(std::nullopt); });
    auto second = std::async(std::launch::async, [&] { return server.stop(0s); });
    expect_tally(second.get(), 0, 0, 1);
    expect_tally(first.get(), 0, 0, 1);
    EXPECT_TRUE(client.is_ended());
    expect_tally(server.stop(), 0, 0, 1);  // and any later one only tells
}

TEST(StopWhere, one_request_at_a_time_is_handled_a_handler_may_ask_for_a_shutdown) {
    struct Ending : StreamRequestHandler {
        void handle() override {
            rfile.readline();
            server->shutdown();
            wfile.write("x\n");
        }
    };
    ThreadingTCPServer<Ending> server(any_port);
    Client client(server.server_address());
    server.handle_request();
    std::atomic<int> number = 0;
    std::jthread drains([&] {
        number = ::gettid();
        server.handle_request();
    });
    ASSERT_TRUE(soon([&] { return state_of("self/task/" + std::to_string(number)).state == 'S'; }));  // it waits
    auto stopped = std::async(std::launch::async, [&] { return server.stop(20s); });
    drains.join();
    EXPECT_EQ(client.ask(), "x\n");
    expect_tally(stopped.get(), 0, 1, 0);
}

// What is in the kernel's queue believes that it is connected.
TYPED_TEST(Stop, serves_who_was_connected_already) {
    TypeParam server(any_port, {.request_queue_size = 128});
    std::deque<Client> clients;
    for (int i = 0; i < 20; ++i) {
        clients.emplace_back(server.server_address());
        clients.back().connection.sendall("queued\n");
        clients.back().finish();
    }
    Serving serving(server);  // whether its loop has begun or not
    auto tally = server.stop(20s);
    for (auto& client : clients) EXPECT_EQ(client.answers.readline(), "queued\n");
    EXPECT_EQ(tally.served + tally.drained, 20u);
    EXPECT_EQ(tally.aborted, 0u);
}

TYPED_TEST(Stop, before_serving_ends_the_server) {
    TypeParam server(any_port);
    expect_tally(server.stop(), 0, 0, 0);
    server.serve_forever();  // returns
    EXPECT_EQ(server.fileno(), -1);
}

TYPED_TEST(Stop, where_nobody_serves_has_its_deadline_too) {
    TypeParam server(any_port);
    Client client(server.server_address());
    expect_tally(server.stop(20ms), 0, 0, 1);
    EXPECT_TRUE(client.is_ended());
}

TYPED_TEST(Stop, counts_who_was_refused) {
    struct Closed : TypeParam {
        using TypeParam::TypeParam;
        ~Closed() override { this->server_close(); }
        bool verify_request(Request&, const Address&) override { return false; }
    } server(any_port);
    Serving serving(server);
    for (int i = 0; i < 3; ++i) {
        Client client(server.server_address());
        EXPECT_TRUE(client.answers.readline().empty());
    }
    auto tally = server.stop();
    EXPECT_EQ(tally.refused, 3u);
    EXPECT_EQ(tally.served + tally.drained + tally.aborted, 0u);
}

TYPED_TEST(Stop, leaks_nothing) {
    auto before = testing::open_descriptors();
    for (int i = 0; i < 10; ++i) {
        TypeParam server(any_port);
        Serving serving(server);
        Client client(server.server_address());
        client.ask();
        server.stop(0s);
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

// PEERS: a stop that meets an accept loses nobody, and neither hangs.
TYPED_TEST(Stop, at_any_moment_accounts_for_every_client) {
    if (!forks_under_load && forks<TypeParam>) GTEST_SKIP() << "the sanitizer's allocator does not survive a fork";
    for (int round = 0; round < 30; ++round) {
        TypeParam server(any_port, {.request_queue_size = 128});
        auto where = server.server_address();
        Serving serving(server);
        std::atomic<int> answered = 0, asked = 0;
        std::thread load([&] {
            for (int i = 0; i < 200; ++i) try {
                    Client client(where);
                    ++asked;
                    client.connection.sendall("x\n");
                    client.finish();
                    answered += client.answers.readline() == "x\n";
                } catch (const OSError&) {
                    return;  // refused: the listener is closed
                }
        });
        while (asked < round % 7 + 1) std::this_thread::yield();
        auto tally = server.stop(20s);
        load.join();
        EXPECT_EQ(tally.aborted + tally.refused, 0u);
        EXPECT_EQ(tally.served + tally.drained, static_cast<std::uint64_t>(answered));
    }
}

TEST(StopWhile, a_handler_runs_refuses_who_comes_and_counts_it_as_drained) {
    ThreadingTCPServer<Echo> server(any_port);
    auto where = server.server_address();
    Serving serving(server);
    Client client(where);
    client.ask();
    auto stopped = std::async(std::launch::async, [&] { return server.stop(std::nullopt); });
    auto come_late = [&] {
        while (true) {
            try {
                Client late(where);
            } catch (const ConnectionResetError&) {}  // in the moment in which the listener is closed
        }
    };
    EXPECT_THROW(come_late(), ConnectionRefusedError);
    EXPECT_EQ(client.ask(), "x\n");
    client.finish();
    auto tally = stopped.get();
    EXPECT_GE(tally.drained, 1u);
    EXPECT_EQ(tally.aborted, 0u);
}

TEST(StopOfDatagrams, serves_what_has_come) {
    ThreadingUDPServer<EchoPacket> server(any_port);
    Socket client(Family::inet, Kind::datagram);
    client.settimeout(20s);
    client.connect(server.server_address());
    Serving serving(server);
    client.send("first");
    EXPECT_EQ(client.recv(10), "first");  // the loop has begun
    for (int i = 0; i < 5; ++i) client.send("packet");
    auto tally = server.stop();
    EXPECT_EQ(tally.served + tally.drained, 6u);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(client.recv(10), "packet");
}

TEST(StopErrors, beside_a_shutdown_it_ends_all_the_same) {
    for (int round = 0; round < 200; ++round) {
        ThreadingTCPServer<Echo> server(any_port);
        std::thread serves([&] { server.serve_forever(); });
        std::thread shuts([&] { server.shutdown(); });
        server.stop(1s);
        serves.join();
        // What began to serve after the one shutdown serves until the stop, which both of them see.
        shuts.join();
    }
}

TEST(StopErrors, a_loop_that_raises_is_drained_by_whoever_stops) {
    struct Raises : ThreadingTCPServer<Echo> {
        using ThreadingTCPServer<Echo>::ThreadingTCPServer;
        void service_actions() override {
            if (raises) throw ValueError("from a hook");
        }
        std::atomic<bool> raises = false;
    };
    for (int round = 0; round < 200; ++round) {
        Raises server(any_port);
        std::thread serves([&] {
            try {
                server.serve_forever(1ms);
            } catch (const ValueError&) {}
        });
        std::thread plants([&] { server.raises = true; });
        server.stop(1s);
        serves.join();
        plants.join();
        EXPECT_EQ(server.fileno(), -1);
    }
}

TEST(StopErrors, from_a_handler_changes_nothing) {
    struct Stops : StreamRequestHandler {
        void handle() override {
            (void)rfile.readline();
            try {
                server->stop(1s);
            } catch (const BusyError&) {
                wfile.write("busy\n");
            }
            while (auto line = rfile.readline()) wfile.write(line);
        }
    };
    ThreadingTCPServer<Stops> server(any_port);
    Serving serving(server);
    Client first(server.server_address());
    EXPECT_EQ(first.ask(), "busy\n");
    Client second(server.server_address());
    EXPECT_EQ(second.ask(), "busy\n");
    EXPECT_EQ(first.ask(), "x\n");
    first.finish();
    second.finish();
}

TEST(StopErrors, from_the_thread_that_serves) {
    struct Stopping : BaseRequestHandler {
        void handle() override { EXPECT_THROW(server->stop(), BusyError); }
    };
    TCPServer<Stopping> server(any_port);
    Serving serving(server);
    Client client(server.server_address());
    EXPECT_TRUE(client.answers.readline().empty());
}

TEST(StopErrors, threads_that_cannot_be_had_are_counted_as_refused) {
    struct Quiet : ThreadingTCPServer<Echo> {
        using ThreadingTCPServer::ThreadingTCPServer;
        ~Quiet() override { this->server_close(); }
        void process_request(Request& request, const Address& address) override {
            if (refusing) {
                refuse();
                raise_os_error(EAGAIN, "start a thread");
            }
            ThreadingTCPServer::process_request(request, address);
        }
        void handle_error(Request&, const Address&) override {}
        std::atomic<bool> refusing = true;
    } server(any_port);
    Serving serving(server);
    EXPECT_TRUE(Client(server.server_address()).answers.readline().empty());
    server.refusing = false;
    EXPECT_EQ(Client(server.server_address()).ask(), "x\n");
    auto tally = server.stop();
    EXPECT_EQ(tally.refused, 1u);
    EXPECT_EQ(tally.served + tally.drained, 1u);
}

TEST(StopErrors, where_nobody_serves_and_no_thread_can_be_had_closes_all_the_same) {
    ThreadingTCPServer<Echo> server(any_port);
    auto where = server.server_address();
    Client live(where);
    live.connection.sendall("x\n");
    server.handle_request();
    Client waiting(where);
    {
        Faults faults(testing::fail(sys::Call::clone, EAGAIN));
        EXPECT_THROW(server.stop(20ms), OSError);
    }
    EXPECT_EQ(server.fileno(), -1);
    EXPECT_EQ(live.answers.readline(), "x\n");
    EXPECT_TRUE(live.is_ended());
    EXPECT_TRUE(waiting.is_ended());
    EXPECT_THROW(socket::create_connection(where), ConnectionRefusedError);
    server.serve_forever();  // returns
}

// ---- handle_request(). -------------------------------------------------------------------------------------------------

template <class Server>
class StopBesideHandleRequest : public ::testing::Test {};
TYPED_TEST_SUITE(StopBesideHandleRequest, Servers);

TYPED_TEST(StopBesideHandleRequest, wakes_it_and_counts_once) {
    for (int round = 0; round < 20; ++round) {
        TypeParam server(any_port, {.request_queue_size = 128});
        auto where = server.server_address();
        std::thread serves([&] {
            try {
                while (true) server.handle_request();
            } catch (const ClosedError&) {}
        });
        std::deque<Client> clients;
        for (int i = 0; i < round; ++i) {
            clients.emplace_back(where);
            clients.back().connection.sendall("x\n");
            clients.back().finish();
        }
        auto tally = server.stop(20s);
        serves.join();
        for (auto& client : clients) EXPECT_EQ(client.answers.readline(), "x\n");
        EXPECT_EQ(tally.served + tally.drained, static_cast<std::uint64_t>(round));
        EXPECT_EQ(tally.aborted + tally.refused, 0u);
    }
}

TYPED_TEST(StopBesideHandleRequest, aborts_what_it_handles_at_the_deadline) {
    TypeParam server(any_port);
    std::thread serves([&] { server.handle_request(); });
    Client client(server.server_address());
    client.ask();
    expect_tally(server.stop(20ms), 0, 0, 1);
    EXPECT_TRUE(client.is_ended());
    serves.join();
    EXPECT_THROW(server.handle_request(), ClosedError);
}

// ---- The sums. ---------------------------------------------------------------------------------------------------------

template <class Server>
class StopTallies : public ::testing::Test {};
TYPED_TEST_SUITE(StopTallies, InOneProcess);

// Whenever the deadline falls, also into a process_request(), each request counts once.
TYPED_TEST(StopTallies, forced_at_any_moment_counts_each_request_once) {
    if (!forks_under_load && forks<TypeParam>) GTEST_SKIP() << "the sanitizer's allocator does not survive a fork";
    struct Counting : TypeParam {
        using TypeParam::TypeParam;
        ~Counting() override { this->server_close(); }
        bool verify_request(Request&, const Address&) override { return ++taken, true; }
        void handle_error(Request&, const Address&) override {}
        std::atomic<std::uint64_t> taken = 0;
    };
    for (int round = 0; round < 60; ++round) {
        Counting server(any_port, {.request_queue_size = 128});
        auto where = server.server_address();
        Serving serving(server);
        std::thread load([&] {
            for (int i = 0; i < 100; ++i) try {
                    Client client(where);
                    client.connection.sendall("x\n");
                    if (i % 2) client.finish();
                    (void)client.answers.readline();
                } catch (const OSError&) {
                    return;
                }
        });
        while (server.taken <= static_cast<std::uint64_t>(round % 5)) std::this_thread::yield();
        auto tally = server.stop(0s);
        load.join();
        EXPECT_EQ(tally.served + tally.drained + tally.aborted + tally.refused, server.taken);
    }
}

// The moment in which a thread runs already and process_request() has not returned.
TEST(StopTally, counts_once_what_is_begun_and_still_processed) {
    struct Slow : ThreadingTCPServer<Echo> {
        using ThreadingTCPServer::ThreadingTCPServer;
        ~Slow() override { this->server_close(); }
        void process_request(Request& request, const Address& address) override {
            ThreadingTCPServer::process_request(request, address);
            began = true;
            while (!go_on) std::this_thread::yield();
        }
        void end_requests() noexcept override {
            go_on = true;
            ThreadingTCPServer::end_requests();
        }
        std::atomic<bool> began = false, go_on = false;
    } server(any_port);
    Serving serving(server);
    Client client(server.server_address());
    client.ask();
    while (!server.began) std::this_thread::yield();
    expect_tally(server.stop(0s), 0, 0, 1);
}

// Descriptors run out while it drains: it waits for one, up to the deadline, and does not spin.
TEST(StopErrors, accept_without_descriptors_is_tried_again) {
    TCPServer<Echo> server(any_port);
    std::atomic<int> calls = 0;
    Faults faults([&](sys::Call call) -> sys::Fault {
        if (call != sys::Call::accept4) return {};
        return calls++ < 4 ? sys::Fault{EMFILE} : sys::Fault{};
    });
    Client client(server.server_address());
    client.connection.sendall("x\n");
    client.finish();
    Serving serving(server);
    while (calls == 0) std::this_thread::yield();
    auto tally = server.stop(20s);
    EXPECT_EQ(client.answers.readline(), "x\n");
    EXPECT_EQ(tally.served + tally.drained, 1u);
    EXPECT_EQ(calls, 5);
}

}  // namespace
}  // namespace bight::socketserver

// SPDX-License-Identifier: BSL-1.0
#include <bight/socketserver.h>

#include "support/descriptors.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

namespace bight::socketserver {
namespace {

using namespace std::chrono_literals;
using testing::Faults;

template <class Base>
struct Echo : Base {
    void handle() override {
        while (auto line = this->rfile.readline()) this->wfile.write(line);
    }
};
using StreamEcho = Echo<StreamRequestHandler>;
using DatagramEcho = Echo<DatagramRequestHandler>;

/// Serves in a thread of its own until the end of the scope.
template <class Server>
struct Running {
    explicit Running(Server& serving) : server(serving), thread([this] { server.serve_forever(); }) {}
    ~Running() {
        server.shutdown();
        thread.join();
    }
    Server& server;
    std::thread thread;
};

std::string ask(Socket& connection, Bytes line) {
    connection.sendall(line);
    return connection.makefile(socket::rb).readline().to_string();
}

// ---- Each kind of server. ----------------------------------------------------------------------------------------------

const HostPort any_port("127.0.0.1", 0);

template <class Server>
void three_clients_in_a_row(Server& server) {
    Running running(server);
    for (auto greeting : {"one\n", "two\n", "three\n"}) {
        auto client = socket::create_connection(server.server_address(), {.timeout = 10s});
        client.sendall(std::string_view(greeting).substr(0, 2));  // a line in pieces
        client.sendall(std::string_view(greeting).substr(2));
        EXPECT_EQ(client.makefile(socket::rb).readline(), std::string_view(greeting));
    }
}

TEST(Servers, tcp) {
    TCPServer<StreamEcho> plain(any_port);
    EXPECT_GT(plain.server_address().port(), 0);
    three_clients_in_a_row(plain);
    ThreadingTCPServer<StreamEcho> threading(any_port);
    three_clients_in_a_row(threading);
    TCPServer<StreamEcho> ipv6({"::1", 0});
    three_clients_in_a_row(ipv6);
}

TEST(Servers, unix_stream) {
    testing::TemporaryFolder folder;
    UnixStreamServer<StreamEcho> plain(folder.path("plain"));
    EXPECT_EQ(plain.server_address().path(), folder.path("plain"));
    three_clients_in_a_row(plain);
    ThreadingUnixStreamServer<StreamEcho> threading(folder.path("threading"));
    three_clients_in_a_row(threading);
    UnixStreamServer<StreamEcho> abstract(Address::unnamed());  // the kernel's choice of a name
    three_clients_in_a_row(abstract);
}

template <class Server>
void three_datagrams(Server& server, Socket& client) {
    Running running(server);
    client.settimeout(10s);
    for (auto greeting : {"one\n", "two\n", "three\n"}) {
        client.sendto(std::string_view(greeting), server.server_address());
        auto [data, peer] = client.recvfrom(100);
        EXPECT_EQ(data, std::string_view(greeting));
        EXPECT_EQ(peer, server.server_address());
    }
}

TEST(Servers, udp) {
    Socket client(Family::inet, Kind::datagram);
    UDPServer<DatagramEcho> plain(any_port);
    three_datagrams(plain, client);
    ThreadingUDPServer<DatagramEcho> threading(any_port);
    three_datagrams(threading, client);
}

TEST(Servers, unix_datagram) {
    testing::TemporaryFolder folder;
    Socket client(Family::unix_domain, Kind::datagram);
    client.bind(Address::unix_path(folder.path("client")));
    UnixDatagramServer<DatagramEcho> plain(folder.path("plain"));
    three_datagrams(plain, client);
    ThreadingUnixDatagramServer<DatagramEcho> threading(folder.path("threading"));
    three_datagrams(threading, client);
}

TEST(Servers, base_handlers_get_the_connection_or_the_packet) {
    struct Whole : BaseRequestHandler {
        void handle() override { request.sendall(request.recv(100)); }
    };
    struct Packet : BaseRequestHandler {
        void handle() override { request.sendto(packet, client_address); }
    };
    ThreadingTCPServer<Whole> streams(any_port);
    {
        Running running(streams);
        auto client = socket::create_connection(streams.server_address());
        client.sendall("whole");
        EXPECT_EQ(client.recv(100), "whole");
        EXPECT_FALSE(client.recv(100));  // the request was shut down
    }
    UDPServer<Packet> datagrams(any_port);
    Socket client(Family::inet, Kind::datagram);
    three_datagrams(datagrams, client);
}

TEST(Servers, a_write_is_on_its_way_at_once_and_whole) {
    struct Flood : StreamRequestHandler {
        void handle() override {
            EXPECT_EQ(wfile.write(std::string(std::size_t{3} << 20, 'x')), std::size_t{3} << 20);
            EXPECT_EQ(rfile.readline(), "enough\n");
        }
    };
    TCPServer<Flood> server(any_port);
    Running running(server);
    auto client = socket::create_connection(server.server_address());
    EXPECT_EQ(client.makefile(socket::rb).read(std::size_t{3} << 20).size(), std::size_t{3} << 20);
    client.sendall("enough\n");
    EXPECT_FALSE(client.recv(1));
}

TEST(Servers, an_attribute_of_the_handler_sets_its_limit) {
    struct Impatient : StreamRequestHandler {
        Impatient() {
            timeout = 5ms;
            disable_nagle_algorithm = true;
        }
        void handle() override {
            EXPECT_NE(request.getsockopt(IPPROTO_TCP, TCP_NODELAY), 0);
            EXPECT_THROW(rfile.readline(), TimeoutError);
        }
    };
    TCPServer<Impatient> server(any_port);
    Running running(server);
    auto client = socket::create_connection(server.server_address());
    EXPECT_FALSE(client.recv(1));
}

// ---- Making and closing. -----------------------------------------------------------------------------------------------

// B102: a constructor that fails leaks nothing, however often.
TEST(Lifetime, failing_constructions_leak_no_descriptor) {
    Socket taken;
    taken.bind({"127.0.0.1", 0});
    taken.listen();
    auto before = testing::open_descriptors();
    for (int i = 0; i < 1024; ++i) EXPECT_THROW(TCPServer<StreamEcho>{taken.getsockname()}, OSError);
    EXPECT_EQ(testing::open_descriptors(), before);
    EXPECT_THROW(TCPServer<StreamEcho>({"127.0.0.1", 65536}), OverflowError);
    Faults faults(testing::fail(sys::Call::listen, EINVAL));
    EXPECT_THROW(TCPServer<StreamEcho>{any_port}, OSError);
    EXPECT_EQ(testing::open_descriptors(), before);
}

TEST(Lifetime, server_close_closes_the_socket) {
    TCPServer<StreamEcho> server(any_port);
    server.server_close();
    server.server_close();
    EXPECT_EQ(server.fileno(), -1);
    ThreadingTCPServer<StreamEcho> never_served(any_port);
    never_served.server_close();
}

TEST(Lifetime, hooks_of_a_derived_class_bind_when_it_says_so) {
    struct Named : TCPServer<StreamEcho> {
        explicit Named(const HostPort& where) : TCPServer(where, {.bind_and_activate = false}) {
            EXPECT_EQ(server_address().family(), Family::unspecified);
            bind_and_activate();
        }
        void server_bind() override {
            calls += "bind ";
            TCPServer::server_bind();
        }
        void server_activate() override {
            calls += "activate ";
            TCPServer::server_activate();
        }
        std::string calls;
    } server(any_port);
    EXPECT_EQ(server.calls, "bind activate ");
    EXPECT_GT(server.server_address().port(), 0);
}

// ---- Ending serve_forever(). -------------------------------------------------------------------------------------------

TEST(Shutdown, also_before_the_loop_has_begun) {
    for (int i = 0; i < 20; ++i) {
        TCPServer<StreamEcho> server(any_port);
        Running running(server);
    }
}

TEST(Shutdown, is_seen_at_once_and_not_by_polling) {
    TCPServer<StreamEcho> server(any_port);
    std::thread thread([&] { server.serve_forever(std::nullopt); });  // no interval at all
    socket::create_connection(server.server_address()).close();       // it serves
    server.shutdown();
    thread.join();
}

TEST(Shutdown, from_a_handler_ends_the_loop_after_it) {
    struct Last : BaseRequestHandler {
        void handle() override {
            server->shutdown();
            request.sendall("bye");
        }
    };
    TCPServer<Last> server(any_port);
    std::thread thread([&] { server.serve_forever(); });
    EXPECT_EQ(socket::create_connection(server.server_address()).recv(10), "bye");
    thread.join();
}

TEST(Shutdown, a_server_may_serve_again) {
    TCPServer<StreamEcho> server(any_port);
    for (int i = 0; i < 3; ++i) {
        Running running(server);
        auto client = socket::create_connection(server.server_address());
        EXPECT_EQ(ask(client, "again\n"), "again\n");
    }
}

TEST(Shutdown, one_loop_at_a_time) {
    struct Again : BaseRequestHandler {
        void handle() override { EXPECT_THROW(server->serve_forever(), BusyError); }
    };
    TCPServer<Again> server(any_port);
    Running running(server);
    EXPECT_FALSE(socket::create_connection(server.server_address()).recv(1));
}

// Who waits for the end of a loop learns of it, however soon the next one begins.
// The wishes that come while nobody serves are one, as in Python: so of as many loops as wishes some may go on.
TEST(Shutdown, between_two_loops_ends_the_next_and_no_more) {
    TCPServer<StreamEcho> server(any_port);
    { Running running(server); }
    for (int i = 0; i < 100; ++i) {
        server.shutdown();
        server.shutdown();
        server.serve_forever(std::nullopt);
        Running running(server);
        auto client = socket::create_connection(server.server_address());
        EXPECT_EQ(ask(client, "served\n"), "served\n");
    }
}
TEST(Shutdown, is_lost_neither_before_a_loop_nor_in_it_nor_behind_it) {
    TCPServer<StreamEcho> server(any_port);
    std::atomic<int> ended = 0;
    std::thread serves_again_and_again([&] {
        for (; ended < 2000; ++ended) server.serve_forever(std::nullopt);
    });
    for (int i = 0; i < 2000; ++i) {
        while (ended < i) std::this_thread::yield();  // one wish for each loop, wherever in its life it comes
        server.shutdown();
    }
    serves_again_and_again.join();
    EXPECT_EQ(ended, 2000);
}
TEST(Shutdown, returns_although_another_loop_has_begun) {
    TCPServer<StreamEcho> server(any_port);
    std::atomic<bool> over = false;
    std::thread serves_again_and_again([&] {
        while (!over) server.serve_forever();
    });
    for (int i = 0; i < 2000; ++i) server.shutdown();
    over = true;
    server.stop(0s);
    serves_again_and_again.join();
}

// Two who ask at once leave nothing behind that keeps the next loop awake.
TEST(Shutdown, by_two_at_once_leaves_no_wake_up_behind) {
    TCPServer<StreamEcho> server(any_port);
    for (int i = 0; i < 300; ++i) {
        std::thread serving([&] { server.serve_forever(); });
        std::thread one([&] { server.shutdown(); }), other([&] { server.shutdown(); });
        one.join();
        other.join();
        serving.join();
        std::atomic<int> polls = 0;
        Faults count([&](sys::Call call) {
            polls += call == sys::Call::poll;
            return sys::Fault{};
        });
        std::thread again([&] { server.serve_forever(std::nullopt); });
        server.shutdown();
        again.join();
        EXPECT_LE(polls, 2);
    }
}

// ---- Errors of handlers. -----------------------------------------------------------------------------------------------

struct Faulty : BaseRequestHandler {
    void handle() override { throw ValueError("a bug"); }
};

template <class Server>
struct Counting : Server {
    using Server::Server;
    ~Counting() override { this->server_close(); }
    void handle_error(Request&, const Address&) override { ++errors; }
    void shutdown_request(Request& request) override {
        ++shutdowns;
        Server::shutdown_request(request);
    }
    std::atomic<int> errors = 0, shutdowns = 0;
};

template <class Server>
void survives_faulty_handlers() {
    Counting<Server> server(any_port);
    {
        Running running(server);
        for (int i = 0; i < 3; ++i) EXPECT_FALSE(socket::create_connection(server.server_address()).recv(1));
    }
    server.server_close();  // joins
    EXPECT_EQ(server.errors, 3);
    EXPECT_EQ(server.shutdowns, 3);
}

TEST(HandlerErrors, end_their_request_only) {
    survives_faulty_handlers<TCPServer<Faulty>>();
    survives_faulty_handlers<ThreadingTCPServer<Faulty>>();
}

TEST(HandlerErrors, what_ends_the_program_leaves_the_caller) {
    struct End {};
    struct Ending : BaseRequestHandler {
        void handle() override { throw End(); }
    };
    Counting<TCPServer<Ending>> server(any_port);
    auto client = socket::create_connection(server.server_address());
    EXPECT_THROW(server.handle_request(), End);
    EXPECT_EQ(server.errors, 0);
    EXPECT_EQ(server.shutdowns, 1);
    EXPECT_FALSE(client.recv(1));
}

TEST(HandlerErrors, finish_runs_if_setup_succeeded) {
    static std::string calls;
    struct Traced : BaseRequestHandler {
        void setup() override {
            calls += "setup ";
            if (client_address.port() == 0) throw ValueError("setup");
        }
        void handle() override {
            calls += "handle ";
            throw ValueError("handle");
        }
        void finish() override { calls += "finish "; }
    };
    calls.clear();
    Counting<TCPServer<Traced>> server(any_port);
    auto client = socket::create_connection(server.server_address());
    server.handle_request();
    EXPECT_EQ(calls, "setup handle finish ");
    calls.clear();
    Counting<UnixStreamServer<Traced>> nameless(Address::unnamed());  // its clients have no port
    auto other = socket::create_connection(nameless.server_address());
    nameless.handle_request();
    EXPECT_EQ(calls, "setup ");
    EXPECT_EQ(nameless.shutdowns, 1);
}

TEST(HandlerErrors, verify_refuses_quietly) {
    struct Choosy : Counting<TCPServer<Faulty>> {
        using Counting::Counting;
        bool verify_request(Request&, const Address&) override { return false; }
    } server(any_port);
    auto client = socket::create_connection(server.server_address());
    server.handle_request();
    EXPECT_EQ(server.errors, 0);
    EXPECT_EQ(server.shutdowns, 1);
    EXPECT_FALSE(client.recv(1));
}

// ---- handle_request(). -------------------------------------------------------------------------------------------------

TEST(HandleRequest, calls_handle_timeout_when_nobody_came) {
    struct Waiting : TCPServer<StreamEcho> {
        using TCPServer::TCPServer;
        void handle_timeout() override { ++timeouts; }
        int timeouts = 0;
    } server(any_port);
    server.timeout = 5ms;
    server.handle_request();
    EXPECT_EQ(server.timeouts, 1);
    server.timeout = std::nullopt;
    server.socket().settimeout(5ms);  // the smaller of both
    server.handle_request();
    EXPECT_EQ(server.timeouts, 2);
    server.timeout = 1h;
    server.handle_request();
    EXPECT_EQ(server.timeouts, 3);
}

TEST(HandleRequest, a_connection_that_has_gone_is_not_waited_for) {
    TCPServer<StreamEcho> server(any_port);
    Faults faults(testing::fail(sys::Call::accept4, ECONNABORTED));
    auto client = socket::create_connection(server.server_address());
    server.handle_request();  // returns, the connection is still in the queue
    client.sendall("served\n");
    client.shutdown(SHUT_WR);
    server.handle_request();
    EXPECT_EQ(client.makefile(socket::rb).readline(), "served\n");
}

// ---- Threads. ----------------------------------------------------------------------------------------------------------

// B100: finished threads are forgotten while the server runs.
TEST(Threads, finished_ones_are_forgotten) {
    ThreadingTCPServer<StreamEcho> server(any_port);
    Running running(server);
    for (int i = 0; i < 200; ++i) {
        auto client = socket::create_connection(server.server_address());
        EXPECT_EQ(ask(client, "x\n"), "x\n");
        client.shutdown(SHUT_WR);
        EXPECT_FALSE(client.recv(1));
    }
    auto deadline = std::chrono::steady_clock::now() + 20s;
    while (server.active_threads() != 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    EXPECT_EQ(server.active_threads(), 0u);
}

TEST(Threads, server_close_waits_for_them) {
    static std::atomic<int> finished = 0;
    struct Patient : StreamRequestHandler {
        void handle() override { rfile.readline(); }
        void finish() override {
            StreamRequestHandler::finish();
            ++finished;
        }
    };
    finished = 0;
    ThreadingTCPServer<Patient> server(any_port);
    std::vector<Socket> clients;
    {
        Running running(server);
        for (int i = 0; i < 5; ++i) clients.push_back(socket::create_connection(server.server_address()));
        for (auto& client : clients) client.sendall("now\n");
        for (auto& client : clients) EXPECT_FALSE(client.recv(1));
    }
    server.server_close();
    EXPECT_EQ(finished, 5);
}

TEST(Threads, server_close_from_one_of_them_would_wait_for_itself) {
    struct Closing : BaseRequestHandler {
        void handle() override {
            EXPECT_THROW(server->server_close(), BusyError);
            request.sendall("refused");
        }
    };
    ThreadingTCPServer<Closing> server(any_port);
    auto client = socket::create_connection(server.server_address());
    server.handle_request();
    EXPECT_EQ(client.recv(100), "refused");
}

// A destructor must not wait for a peer that says nothing.
TEST(Threads, the_destructor_shuts_live_connections_down) {
    std::vector<Socket> silent;
    {
        ThreadingTCPServer<StreamEcho> server(any_port);
        server.block_on_close = false;
        Running running(server);
        for (int i = 0; i < 5; ++i) {
            silent.push_back(socket::create_connection(server.server_address()));
            EXPECT_EQ(ask(silent.back(), "there\n"), "there\n");
        }
        EXPECT_EQ(server.active_threads(), 5u);
    }
    for (auto& client : silent) EXPECT_FALSE(client.recv(1));
}

// Handlers of datagrams answer on the server's own socket.
TEST(Threads, server_close_lets_datagrams_be_answered_first) {
    static std::atomic<bool> closing;
    closing = false;
    struct Slow : BaseRequestHandler {
        void handle() override {
            while (!closing) std::this_thread::yield();
            request.sendto(packet.bytes(), client_address);
        }
    };
    ThreadingUDPServer<Slow> server(any_port);
    Socket client(Family::inet, Kind::datagram);
    client.settimeout(10s);
    {
        Running running(server);
        client.sendto("late\n", server.server_address());
        while (server.active_threads() == 0) std::this_thread::yield();
    }
    std::thread closer([&] { server.server_close(); });
    closing = true;
    EXPECT_EQ(client.recv(10), Bytes("late\n"));
    closer.join();
}

TEST(Threads, many_clients_at_once) {
    ThreadingTCPServer<StreamEcho> server(any_port, {.request_queue_size = 128});
    Running running(server);
    std::vector<std::thread> clients;
    for (int i = 0; i < 16; ++i)
        clients.emplace_back([&server, i] {
            auto client = socket::create_connection(server.server_address(), {.timeout = 20s});
            auto file = client.makefile(socket::rb);
            for (int j = 0; j < 100; ++j) {
                auto line = std::to_string(i) + ' ' + std::to_string(j) + '\n';
                client.sendall(line);
                EXPECT_EQ(file.readline(), line);
            }
        });
    for (auto& client : clients) client.join();
}

// ---- Out of descriptors. -----------------------------------------------------------------------------------------------

// Whatever keeps accept() from taking what is announced: the loop tries a few times a second, and serves again after.
void expect_no_spin(int errnum) {
    TCPServer<StreamEcho> server(any_port);
    std::atomic<bool> failing = true;
    std::atomic<int> calls = 0;
    std::chrono::steady_clock::time_point first, fifth;
    Faults faults([&](sys::Call call) -> sys::Fault {
        if (call != sys::Call::accept4 || !failing) return {};
        if (calls == 0) first = std::chrono::steady_clock::now();
        if (calls == 4) fifth = std::chrono::steady_clock::now();
        ++calls;
        return {errnum};
    });
    Running running(server);
    auto client = socket::create_connection(server.server_address(), {.timeout = 20s});
    while (calls < 5) std::this_thread::yield();
    EXPECT_GE(fifth - first, 400ms);  // four pauses of a tenth of a second
    failing = false;
    EXPECT_EQ(ask(client, "back\n"), "back\n");
}

// B027
TEST(Exhaustion, accept_without_descriptors_does_not_spin) { expect_no_spin(EMFILE); }
TEST(Exhaustion, nor_does_a_listener_that_is_broken) { expect_no_spin(EINVAL); }

// A request takes one descriptor, that of its connection.
TEST(Exhaustion, serving_makes_no_socket_of_its_own) {
    TCPServer<StreamEcho> plain(any_port);
    ThreadingTCPServer<StreamEcho> threading(any_port);
    auto one = socket::create_connection(plain.server_address()),
         other = socket::create_connection(threading.server_address());
    one.sendall("x\n");
    other.sendall("x\n");
    one.shutdown(SHUT_WR);
    other.shutdown(SHUT_WR);
    Faults faults([](sys::Call call) { return call == sys::Call::socket ? sys::Fault{EMFILE} : sys::Fault{}; });
    plain.handle_request();
    threading.handle_request();
    EXPECT_EQ(one.recv(10), "x\n");
    EXPECT_EQ(other.recv(10), "x\n");
}

}  // namespace
}  // namespace bight::socketserver

// SPDX-License-Identifier: BSL-1.0
#include <bight/socketserver.h>

#include "frameworks/serving.h"
#include "support/descriptors.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bight::socketserver {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using testing::Faults;

std::string own_pid() { return std::to_string(::getpid()) + '\n'; }

/// Answers each line with the number of its process.
struct Who : StreamRequestHandler {
    void handle() override {
        while (rfile.readline()) wfile.write(own_pid());
    }
};
struct WhoPacket : DatagramRequestHandler {
    void handle() override { wfile.write(own_pid()); }
};

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

int ask_stream(const Address& where) {
    auto client = socket::create_connection(where, {.timeout = 20s});
    client.sendall("who\n");
    int pid = std::stoi(client.makefile(socket::rb).readline().to_string());
    (void)::shutdown(client.fileno(),
                     SHUT_WR);  // close() would not end it: children have copies of this program's descriptors
    return pid;
}

int ask_datagram(Socket& client, const Address& where) {
    client.settimeout(20s);
    client.sendto("who", where);
    return std::stoi(client.recvfrom(100).data.to_string());
}

/// The process that a client's handler runs in.
int pid_of(Client& client) { return std::stoi(client.ask()); }

// ---- Each kind of server. ----------------------------------------------------------------------------------------------

TEST(Forking, each_connection_has_a_process_of_its_own) {
    testing::TemporaryFolder folder;
    ForkingTCPServer<Who> tcp(any_port);
    ForkingUnixStreamServer<Who> local(folder.path("server"));
    Running one(tcp);
    Running other(local);
    for (const auto& where : {tcp.server_address(), local.server_address()}) {
        int first = ask_stream(where), second = ask_stream(where);
        EXPECT_NE(first, ::getpid());
        EXPECT_NE(second, ::getpid());
        EXPECT_NE(first, second);
    }
}

TEST(Forking, each_datagram_too) {
    testing::TemporaryFolder folder;
    ForkingUDPServer<WhoPacket> udp(any_port);
    ForkingUnixDatagramServer<WhoPacket> local(folder.path("server"));
    Running one(udp);
    Running other(local);
    Socket internet(Family::inet, Kind::datagram), unix_client(Family::unix_domain, Kind::datagram);
    unix_client.bind(Address::unix_path(folder.path("client")));
    for (int i = 0; i < 2; ++i) {
        EXPECT_NE(ask_datagram(internet, udp.server_address()), ::getpid());
        EXPECT_NE(ask_datagram(unix_client, local.server_address()), ::getpid());
    }
}

TEST(Forking, has_cpythons_defaults) {
    ForkingTCPServer<Who> server(any_port);
    EXPECT_EQ(server.max_children, 40u);
    EXPECT_EQ(server.timeout, Timeout(300s));
    EXPECT_TRUE(server.block_on_close);
    EXPECT_TRUE(server.active_children().empty());
}

// ---- Children that end. ------------------------------------------------------------------------------------------------

// B101
TEST(Forking, leaves_no_zombie) {
    ForkingTCPServer<Who> server(any_port, {.request_queue_size = 128});
    Running running(server);
    for (int i = 0; i < 100; ++i) ask_stream(server.server_address());
    EXPECT_TRUE(soon([] { return zombies() == 0; }));
}

TEST(Forking, a_child_that_is_killed_takes_only_its_own_request_with_it) {
    ForkingTCPServer<Who> server(any_port);
    Running running(server);
    Client first(server.server_address()), second(server.server_address());
    int victim = pid_of(first), other = pid_of(second);
    ASSERT_EQ(::kill(victim, SIGKILL), 0);
    EXPECT_TRUE(first.answers.readline().empty());
    EXPECT_EQ(pid_of(second), other);
    EXPECT_NE(ask_stream(server.server_address()), other);
    EXPECT_TRUE(soon([] { return zombies() == 0; }));
}

TEST(Forking, no_more_children_live_than_max_children) {
    ForkingTCPServer<Who> server(any_port);
    server.max_children = 2;
    Running running(server);
    Client first(server.server_address()), second(server.server_address());
    pid_of(first);
    pid_of(second);
    Client third(server.server_address());
    third.connection.sendall("who\n");
    third.connection.settimeout(50ms);
    EXPECT_THROW(third.connection.recv(10), TimeoutError);
    first.connection.shutdown(SHUT_WR);
    third.connection.settimeout(20s);
    EXPECT_FALSE(third.connection.recv(10).empty());
}

TEST(Forking, shutdown_is_seen_while_all_children_are_busy) {
    ForkingTCPServer<Who> server(any_port);
    server.max_children = 1;
    Client client(server.server_address());
    {
        Running running(server);
        pid_of(client);
    }
    client.connection.shutdown(SHUT_WR);
    server.server_close();
    EXPECT_TRUE(server.active_children().empty());
}

// CPython's server collects whatever child ends while it waits, and the program never hears of its own.
TEST(Forking, children_of_others_are_left_alone) {
    int other = ::fork();
    if (other == 0) ::_exit(7);
    ForkingTCPServer<Who> server(any_port);
    server.max_children = 1;
    {
        Running running(server);
        for (int i = 0; i < 5; ++i) ask_stream(server.server_address());
    }
    int status = 0;
    EXPECT_EQ(::waitpid(other, &status, 0), other);
    EXPECT_EQ(WEXITSTATUS(status), 7);
}

// ---- Several servers in one program. -----------------------------------------------------------------------------------

/// Answers with the number of sockets that its process has at the port that a client names.
struct Sockets : StreamRequestHandler {
    void handle() override {
        int port = std::stoi(rfile.readline().to_string());
        int count = 0;
        for (int fd = 0; fd < 1000; ++fd) {
            sockaddr_in own{};
            socklen_t size = sizeof own;
            if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0 && own.sin_family == AF_INET)
                count += ntohs(own.sin_port) == port;
        }
        wfile.write(std::to_string(count) + '\n');
    }
};

int sockets_at(int port, const Address& where) {
    auto client = socket::create_connection(where, {.timeout = 20s});
    client.sendall(std::to_string(port) + '\n');
    return std::stoi(client.makefile(socket::rb).readline().to_string());
}

// B098
TEST(ForkingBesideOthers, a_child_has_none_of_their_sockets) {
    ForkingTCPServer<Sockets> forking(any_port);
    ForkingTCPServer<Who> other(any_port);
    ThreadingTCPServer<Who> threading({"0.0.0.0", 0});
    ForkingUDPServer<WhoPacket> datagrams(any_port);
    Running one(forking);
    Running two(other);
    Running three(threading);
    Running four(datagrams);
    Client of_other(other.server_address());
    Client of_threading(*HostPort("127.0.0.1", threading.server_address().port()).address());
    pid_of(of_other);
    pid_of(of_threading);
    for (const auto* server : std::initializer_list<const BaseServer*>{&other, &threading, &datagrams})
        EXPECT_EQ(sockets_at(server->server_address().port(), forking.server_address()), 0);
    EXPECT_EQ(sockets_at(forking.server_address().port(), forking.server_address()), 1);  // its connection
    pid_of(of_threading);
}

TEST(ForkingBesideOthers, their_ports_are_free_when_they_are_closed) {
    ForkingTCPServer<Who> first(any_port);
    TCPServer<Who> second(any_port);
    Running running(first);
    Client client(first.server_address());
    pid_of(client);
    second.server_close();
    EXPECT_THROW(socket::create_connection(second.server_address()), ConnectionRefusedError);
    pid_of(client);
}

// ---- Ends. -------------------------------------------------------------------------------------------------------------

TEST(Forking, server_close_waits_for_the_children) {
    ForkingTCPServer<Who> server(any_port);
    Client client(server.server_address());
    client.connection.sendall("who\n");
    server.handle_request();
    ASSERT_EQ(server.active_children().size(), 1u);
    std::thread closer([&] { server.server_close(); });
    pid_of(client);  // served to its end
    client.connection.shutdown(SHUT_WR);
    closer.join();
    EXPECT_TRUE(server.active_children().empty());
    EXPECT_EQ(zombies(), 0);
}

TEST(Forking, who_waits_for_children_hears_of_those_that_another_thread_collects) {
    ForkingTCPServer<Who> server(any_port);
    for (int i = 0; i < 100; ++i) {
        Client client(server.server_address());
        client.connection.sendall("who\n");
        server.handle_request();
        std::jthread waiting[] = {std::jthread([&] { server.collect_children(true); }),
                                  std::jthread([&] { server.collect_children(true); })};
        std::jthread collecting([&](std::stop_token stop) {
            while (!stop.stop_requested()) server.collect_children();
        });
        pid_of(client);
        client.finish();
        for (auto& thread : waiting) thread.join();
    }
    EXPECT_TRUE(server.active_children().empty());
    EXPECT_EQ(zombies(), 0);
}

TEST(Forking, nor_does_it_when_told_not_to_and_no_child_keeps_the_port) {
    ForkingTCPServer<Who> server(any_port);
    server.block_on_close = false;
    auto where = server.server_address();
    Client client(where);
    client.connection.sendall("who\n");
    server.handle_request();
    server.server_close();
    int child = pid_of(client);
    EXPECT_EQ(server.active_children(), std::vector{child});
    EXPECT_THROW(socket::create_connection(where), ConnectionRefusedError);
}

TEST(Forking, the_destructor_ends_the_children_and_leaks_nothing) {
    auto before = testing::open_descriptors();
    {
        ForkingTCPServer<Who> server(any_port);
        Client client(server.server_address()), other(server.server_address());
        server.handle_request();
        server.handle_request();
        EXPECT_EQ(server.active_children().size(), 2u);
        EXPECT_EQ(server.active_children().size(), 2u);
    }
    EXPECT_EQ(zombies(), 0);
    EXPECT_EQ(testing::open_descriptors(), before);
}

// The child has a copy of the parent's wake-up: a signal there would keep the parent's loop awake for ever.
TEST(Forking, shutdown_in_a_child_does_not_reach_the_parent) {
    struct Ending : StreamRequestHandler {
        void handle() override {
            server->shutdown();
            wfile.write(own_pid());
        }
    };
    struct Counting : ForkingTCPServer<Ending> {
        using ForkingTCPServer::ForkingTCPServer;
        void service_actions() override {
            ++turns;
            ForkingTCPServer::service_actions();
        }
        std::atomic<int> turns = 0;
    } counting(any_port);
    Running running(counting);
    for (int i = 0; i < 3; ++i) EXPECT_NE(ask_stream(counting.server_address()), ::getpid());
    auto before = Clock::now();
    int at_least = counting.turns + 2;
    ASSERT_TRUE(soon([&] { return counting.turns >= at_least; }));
    EXPECT_GT(Clock::now() - before, 400ms);  // two turns of half a second each, the first of which had begun
}

// ---- Faults. One thread: in a child a lock of the injector might be held by a thread that is not there. -----------------

template <class Server>
struct CountingErrors : Server {
    using Server::Server;
    void handle_error(Request&, const Address&) override { ++errors; }
    int errors = 0;
};

TEST(ForkingFaults, a_fork_that_fails_ends_one_request) {
    CountingErrors<ForkingTCPServer<Who>> server(any_port);
    Client refused(server.server_address());
    {
        Faults faults(testing::fail(sys::Call::fork, EAGAIN));
        server.handle_request();
    }
    EXPECT_EQ(server.errors, 1);
    EXPECT_TRUE(refused.answers.readline().empty());
    Client client(server.server_address());
    server.handle_request();
    EXPECT_NE(pid_of(client), ::getpid());
}

TEST(ForkingFaults, children_without_a_pidfd_are_collected_too) {
    ForkingTCPServer<Who> server(any_port);
    server.max_children = 1;
    Client client(server.server_address());
    {
        Faults faults(testing::fail(sys::Call::pidfd_open, EMFILE));
        server.handle_request();
    }
    pid_of(client);
    EXPECT_EQ(server.active_children().size(), 1u);
    client.connection.shutdown(SHUT_WR);
    server.collect_children();  // waits until there is room
    EXPECT_TRUE(server.active_children().empty());
    EXPECT_EQ(zombies(), 0);
}

TEST(ForkingFaults, an_interrupted_wait_goes_on) {
    ForkingTCPServer<Who> server(any_port);
    Client client(server.server_address());
    server.handle_request();
    client.connection.shutdown(SHUT_WR);
    Faults faults(testing::fail(sys::Call::wait4, EINTR, 3));
    server.server_close();
    EXPECT_TRUE(server.active_children().empty());
}

}  // namespace
}  // namespace bight::socketserver

// SPDX-License-Identifier: BSL-1.0
#include <bight/socket.h>

#include "support/faults.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <random>
#include <thread>

#include <sys/time.h>

namespace bight {
namespace {

using namespace std::chrono_literals;
using testing::Faults;

std::string noise(std::size_t size) {
    std::mt19937 random(42);
    std::string bytes(size, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    return bytes;
}

std::string read_to_the_end(Socket& socket) {
    std::string all;
    while (auto data = socket.recv(65536)) all += data.view();
    return all;
}

struct Connected {
    Socket client, server;
};

Connected tcp_pair() {
    auto listener = socket::create_server({"127.0.0.1", 0});
    auto client = socket::create_connection(listener.getsockname());
    return {std::move(client), std::move(listener.accept().socket)};
}

TEST(Data, the_end_of_a_stream_is_empty) {
    auto [near, far] = socket::socketpair();
    far.sendall("bye");
    far.close();
    EXPECT_EQ(near.recv(100), "bye");
    EXPECT_FALSE(near.recv(100));
    EXPECT_FALSE(near.recv(100));
}

TEST(Data, half_close_lets_the_peer_answer) {
    auto [client, server] = tcp_pair();
    client.sendall("question");
    client.shutdown(SHUT_WR);
    EXPECT_EQ(read_to_the_end(server), "question");
    server.sendall("answer");
    server.close();
    EXPECT_EQ(read_to_the_end(client), "answer");
    EXPECT_THROW(client.send("more"), BrokenPipeError);  // and no SIGPIPE, which is at its default here
}

TEST(Data, peek_leaves_the_bytes) {
    auto [near, far] = socket::socketpair();
    far.sendall("peek");
    EXPECT_EQ(near.recv(10, MSG_PEEK), "peek");
    EXPECT_EQ(near.recv(10, MSG_PEEK), "peek");
    EXPECT_EQ(near.recv(10), "peek");
}

TEST(Data, recv_into_returns_the_part_that_was_filled) {
    auto [near, far] = socket::socketpair();
    std::array<std::byte, 8> memory{};
    memory.fill(std::byte{'-'});
    far.sendall("abc");
    auto filled = near.recv_into(memory);
    EXPECT_EQ(Bytes(filled), "abc");
    EXPECT_EQ(filled.data(), memory.data());
    EXPECT_EQ(memory[3], std::byte{'-'});
    EXPECT_TRUE(near.recv_into({}).empty());  // no room: nothing is read
}

TEST(Data, send_says_how_much_it_took) {
    auto [near, far] = socket::socketpair();
    near.setblocking(false);
    auto big = noise(std::size_t{1} << 22);
    auto taken = near.send(big);
    EXPECT_GT(taken, 0u);
    EXPECT_LT(taken, big.size());
    EXPECT_THROW(while (true) near.send(big), BlockingIOError);
}

// B060: each call moves a byte, or is interrupted; what goes on goes on from the right place.
TEST(Data, arrives_whole_through_calls_that_move_a_byte_at_a_time) {
    auto [near, far] = socket::socketpair();
    auto sent = noise(5000);
    std::string received;
    Faults faults(testing::trickle());
    std::thread reader([&] { received = read_to_the_end(far); });
    near.sendall(sent);
    near.close();
    reader.join();
    EXPECT_EQ(received, sent);
}

TEST(Data, arrives_whole_in_timeout_mode_too) {
    auto [client, server] = tcp_pair();
    client.settimeout(20s);
    server.settimeout(20s);
    auto sent = noise(std::size_t{8} << 20);
    std::string received;
    std::thread reader([&] { received = read_to_the_end(server); });
    client.sendall(sent);
    client.shutdown(SHUT_WR);
    reader.join();
    EXPECT_EQ(received, sent);
}

// B039: real signals, every 200 us, over a real transfer.
TEST(Data, arrives_whole_through_a_storm_of_signals) {
    struct sigaction ignore{};
    ignore.sa_handler = [](int) {};
    struct sigaction before{};
    ::sigaction(SIGALRM, &ignore, &before);
    itimerval storm{{0, 200}, {0, 200}};
    ::setitimer(ITIMER_REAL, &storm, nullptr);
    auto [client, server] = tcp_pair();
    auto sent = noise(std::size_t{4} << 20);
    std::string received;
    std::thread reader([&] { received = read_to_the_end(server); });
    client.sendall(sent);
    client.close();
    reader.join();
    itimerval calm{};
    ::setitimer(ITIMER_REAL, &calm, nullptr);
    ::sigaction(SIGALRM, &before, nullptr);
    EXPECT_EQ(received, sent);
}

// B030: what came before the end is delivered before the end, around every size of read.
TEST(Data, nothing_before_the_end_is_lost) {
    for (std::size_t size : {1u, 4095u, 4096u, 4097u, 65535u, 65536u, 65537u}) {
        auto [client, server] = tcp_pair();
        auto sent = noise(size);
        client.sendall(sent);
        client.close();
        std::string received;
        while (auto data = server.recv(4096)) received += data.view();
        EXPECT_EQ(received, sent) << size;
    }
}

TEST(Data, a_reset_is_a_reset) {
    auto [client, server] = tcp_pair();
    linger abrupt{1, 0};
    client.setsockopt(SOL_SOCKET, SO_LINGER, std::as_bytes(std::span(&abrupt, 1)));
    client.close();
    try {
        server.recv(1);
        ADD_FAILURE();
    } catch (const ConnectionResetError& error) {
        EXPECT_EQ(std::string(error.what()).substr(0, 4), "recv");
    }
}

// B036: a call that waits ends.
TEST(Data, shutdown_wakes_a_reader_of_another_thread) {
    auto [near, far] = socket::socketpair();
    std::thread reader([&near] { EXPECT_FALSE(near.recv(1)); });
    near.shutdown(SHUT_RDWR);
    reader.join();
}

// ---- Datagrams. --------------------------------------------------------------------------------------------------------

Socket udp_port() {
    Socket port(Family::inet, Kind::datagram);
    port.bind({"127.0.0.1", 0});
    return port;
}

TEST(Datagrams, carry_their_sender) {
    auto one = udp_port(), other = udp_port();
    EXPECT_EQ(one.sendto("ping", other.getsockname()), 4u);
    auto [data, peer] = other.recvfrom(2048);
    EXPECT_EQ(data, "ping");
    EXPECT_EQ(peer, one.getsockname());
    other.sendto("pong", HostPort("127.0.0.1", peer.port()));
    EXPECT_EQ(one.recvfrom(2048).data, "pong");
}

TEST(Datagrams, may_be_empty_and_are_cut_to_the_room_there_is) {
    auto one = udp_port(), other = udp_port();
    one.sendto("", other.getsockname());
    one.sendto("abcdef", other.getsockname());
    one.sendto("next", other.getsockname());
    EXPECT_FALSE(other.recvfrom(10).data);
    EXPECT_EQ(other.recvfrom(3).data, "abc");
    std::array<std::byte, 10> memory{};
    auto [data, peer] = other.recvfrom_into(memory);
    EXPECT_EQ(Bytes(data), "next");
    EXPECT_EQ(peer, one.getsockname());
}

TEST(Datagrams, a_connected_port_uses_send_and_recv) {
    auto one = udp_port(), other = udp_port();
    one.connect(other.getsockname());
    one.send("hello");
    EXPECT_EQ(other.recvfrom(10).data, "hello");
    EXPECT_THROW(other.send("to whom?"), OSError);
}

// B052: a refusal by ICMP is reported once, and the port works on.
TEST(Datagrams, a_refusal_does_not_end_the_port) {
    auto one = udp_port();
    auto gone = udp_port().getsockname();
    one.connect(gone);
    one.send("anybody?");
    one.settimeout(5s);
    EXPECT_THROW(one.recv(10), ConnectionRefusedError);
    Socket back(Family::inet, Kind::datagram);
    back.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    back.bind(gone);
    one.send("again");
    EXPECT_EQ(back.recvfrom(10).data, "again");
}

TEST(Datagrams, of_unix_carry_their_senders_name) {
    Socket one(Family::unix_domain, Kind::datagram), other(Family::unix_domain, Kind::datagram);
    one.bind(Address::unnamed());
    other.bind(Address::unnamed());
    EXPECT_EQ(one.getsockname().path().size(), 6u);  // the kernel's choice: a NUL and five digits
    one.sendto("psst", other.getsockname());
    EXPECT_EQ(other.recvfrom(10).peer, one.getsockname());
    Socket nameless(Family::unix_domain, Kind::datagram);
    nameless.sendto("boo", other.getsockname());
    EXPECT_EQ(other.recvfrom(10).peer.path(), "");
}

TEST(Datagrams, errors_name_the_address) {
    auto port = udp_port();
    try {
        port.sendto(std::string(70000, 'x'), Address::ip("127.0.0.1", 9));
        ADD_FAILURE();
    } catch (const OSError& error) {
        EXPECT_EQ(error.errnum(), EMSGSIZE);
        EXPECT_STREQ(error.what(), "sendto 127.0.0.1:9: message too long");
    }
}

}  // namespace
}  // namespace bight

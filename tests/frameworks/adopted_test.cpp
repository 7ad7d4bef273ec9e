// SPDX-License-Identifier: BSL-1.0
// Servers on sockets that were bound by others.
#include <bight/socketserver.h>

#include "frameworks/serving.h"
#include "support/descriptors.h"

#include <gtest/gtest.h>

#include <cstring>

namespace bight::socketserver {
namespace {

using namespace std::chrono_literals;

template <class Server>
class Adopted : public ::testing::Test {};
using Streams =
    ::testing::Types<TCPServer<Echo>, ThreadingTCPServer<Echo>, PoolTCPServer<Echo>, ForkingTCPServer<Echo>>;
TYPED_TEST_SUITE(Adopted, Streams);

int backlog_of(const Socket& listener) {
    auto raw = listener.getsockopt(IPPROTO_TCP, TCP_INFO, sizeof(tcp_info));
    tcp_info info{};
    std::memcpy(&info, raw.data(), raw.size());
    return static_cast<int>(info.tcpi_sacked);
}

TYPED_TEST(Adopted, serves_those_that_came_before_it) {
    auto listener = socket::create_server(any_port, {.backlog = 17});
    auto where = listener.getsockname();
    Client early(where);
    TypeParam server(std::move(listener));
    EXPECT_EQ(server.server_address(), where);
    EXPECT_EQ(backlog_of(server.socket()), 17);  // and not request_queue_size
    Serving serving(server);
    EXPECT_EQ(early.ask(), "x\n");
    early.finish();
    EXPECT_EQ(Client(where).ask(), "x\n");
}

TYPED_TEST(Adopted, listens_where_nobody_did) {
    Socket bound;
    bound.bind(any_port);
    TypeParam server(std::move(bound), {.request_queue_size = 9});
    EXPECT_EQ(backlog_of(server.socket()), 9);
    Serving serving(server);
    EXPECT_EQ(Client(server.server_address()).ask(), "x\n");
}

TYPED_TEST(Adopted, refuses_another_kind_and_closes_it) {
    auto before = testing::open_descriptors();
    EXPECT_THROW(TypeParam(Socket(Family::inet, Kind::datagram)), ValueError);
    auto pair = socket::socketpair();
    EXPECT_THROW(TypeParam(std::move(pair.first)), OSError);  // a connection
    pair.second.close();
    EXPECT_EQ(testing::open_descriptors(), before);
}

TYPED_TEST(Adopted, a_listener_of_ipv6_and_of_unix) {
    for (const HostPort& where : {HostPort("::1", 0), HostPort(Address::unnamed())}) {
        TypeParam server(socket::create_server(where));
        Serving serving(server);
        EXPECT_EQ(Client(server.server_address()).ask(), "x\n");
    }
}

template <class Server>
void answers_a_packet(Socket port) {
    auto where = port.getsockname();
    Socket client(port.family(), Kind::datagram);
    client.settimeout(20s);
    if (port.family() == Family::unix_domain) client.bind(Address::unnamed());
    client.sendto("early", where);
    Server server(std::move(port));
    EXPECT_EQ(server.server_address(), where);
    Serving serving(server);
    EXPECT_EQ(client.recv(100), "early");
    client.sendto("late", where);
    EXPECT_EQ(client.recv(100), "late");
}

TEST(AdoptedPort, answers) {
    auto bound = [](Family family, const HostPort& where) {
        Socket port(family, Kind::datagram);
        port.bind(where);
        return port;
    };
    answers_a_packet<UDPServer<EchoPacket>>(bound(Family::inet, any_port));
    answers_a_packet<ThreadingUDPServer<EchoPacket>>(bound(Family::inet, any_port));
    answers_a_packet<PoolUDPServer<EchoPacket>>(bound(Family::inet, any_port));
    answers_a_packet<ForkingUDPServer<EchoPacket>>(bound(Family::inet, any_port));
    answers_a_packet<UnixDatagramServer<EchoPacket>>(bound(Family::unix_domain, Address::unnamed()));
    answers_a_packet<PoolUnixDatagramServer<EchoPacket>>(bound(Family::unix_domain, Address::unnamed()));
    EXPECT_THROW(UDPServer<EchoPacket>(socket::create_server(any_port)), ValueError);
}

TEST(AdoptedPath, stays_when_the_server_goes) {
    testing::TemporaryFolder folder;
    auto path = Address::unix_path(folder.path("s"));
    auto listener = socket::create_server(path);
    auto others = listener.dup();
    {
        PoolUnixStreamServer<Echo> server(std::move(listener));
        EXPECT_EQ(server.server_address(), path);
        Serving serving(server);
        EXPECT_EQ(Client(path).ask(), "x\n");
    }
    Client waits(path);  // in the queue of whoever serves next
    UnixStreamServer<Echo> next(std::move(others));
    Serving serving(next);
    EXPECT_EQ(waits.ask(), "x\n");
}

// What users of Python's module write, where the constructor would be too early.
TEST(AdoptedLater, by_replacing_the_socket) {
    TCPServer<Echo> server(any_port, {.bind_and_activate = false});
    server.socket() = socket::create_server(any_port, {.backlog = 17});
    server.server_activate();
    EXPECT_EQ(backlog_of(server.socket()), 17);
    auto where = server.socket().getsockname();
    Serving serving(server);
    EXPECT_EQ(Client(where).ask(), "x\n");
}

// ---- Bound again. -----------------------------------------------------------------------------------------------------

TEST(Again, restarts_at_once_where_that_is_asked_for) {
    Address where;
    {
        TCPServer<BaseRequestHandler> server(any_port, {.allow_reuse_address = true});
        where = server.server_address();
        Serving serving(server);
        EXPECT_FALSE(socket::create_connection(where).recv(1));  // the server goes first: TIME_WAIT is on its side
    }
    EXPECT_NO_THROW((TCPServer<BaseRequestHandler>(where, {.allow_reuse_address = true})));
    if (!is_in_time_wait(where.port())) GTEST_SKIP() << "the kernel keeps no more connections in TIME_WAIT";
    EXPECT_THROW(TCPServer<BaseRequestHandler>{where}, OSError);
}

}  // namespace
}  // namespace bight::socketserver

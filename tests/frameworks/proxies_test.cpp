// SPDX-License-Identifier: BSL-1.0
// Servers behind proxies that say who the client is.
#include <bight/ipaddress.h>
#include <bight/socketserver.h>
#include <bight/socketserver/proxies.h>

#include "frameworks/serving.h"
#include "support/descriptors.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <deque>
#include <mutex>
#include <sstream>

namespace bight::socketserver {
namespace {

using namespace std::chrono_literals;
using namespace bight::literals;
using proxy_protocol::Header;

std::shared_ptr<const TrustedProxies> trust(std::initializer_list<ipaddress::AddressRange> networks,
                                            Duration header_limit = 10s) {
    TrustedProxies proxies;
    proxies.networks = networks;
    proxies.header_limit = header_limit;
    return std::make_shared<const TrustedProxies>(std::move(proxies));
}

const auto loopback = trust({"127.0.0.0/8"_net});

Header header_for(std::string_view client, int version = 2) {
    return {.version = version, .source = Address::parse(client), .destination = Address::parse("192.0.2.1:80")};
}

/// Says who it serves, and echoes the rest.
struct Who : StreamRequestHandler {
    void handle() override {
        std::string unique_id(proxy_header->unique_id().value_or(""));
        wfile.write(client_address.to_string() + ' ' + unique_id + '\n');
        while (auto line = rfile.readline()) wfile.write(line);
    }
};

/// A server that keeps what handle_error() would have printed.
template <class Base>
struct Quiet : Base {
    using Base::Base;
    ~Quiet() override {
        if constexpr (requires { this->abort_requests(); }) this->abort_requests();
    }
    void handle_error(Request&, const Address&) override {
        try {
            throw;
        } catch (const std::exception& error) {
            std::lock_guard lock(mutex);
            (errors += error.what()) += '\n';
        }
    }
    std::string seen() {
        std::lock_guard lock(mutex);
        return errors;
    }
    std::mutex mutex;
    std::string errors;
};

struct Proxied {
    explicit Proxied(const Address& where) : client(where) {}
    std::string ask(const Header& header) {
        client.connection.sendall(header.to_bytes() + "more\n");
        auto first = client.answers.readline().to_string();
        EXPECT_EQ(client.answers.readline(), "more\n");  // not a byte of it went with the header
        return first;
    }
    Client client;
};

template <class Server>
class Behind : public ::testing::Test {};
using Servers = ::testing::Types<TCPServer<Who>, ThreadingTCPServer<Who>, PoolTCPServer<Who>, ForkingTCPServer<Who>>;
TYPED_TEST_SUITE(Behind, Servers);

TYPED_TEST(Behind, the_client_is_whom_the_header_names) {
    TypeParam server(any_port, {.proxies = loopback});
    Serving serving(server);
    auto where = server.server_address();
    EXPECT_EQ(Proxied(where).ask(header_for("203.0.113.7:4711")), "203.0.113.7:4711 \n");
    EXPECT_EQ(Proxied(where).ask(header_for("203.0.113.7:4711", 1)), "203.0.113.7:4711 \n");
    Header six{.source = Address::parse("[2001:db8::1]:1"), .destination = Address::parse("[::1]:2")};
    six.tlvs = {{proxy_protocol::type::unique_id, "id-7"}};
    six.checksum = true;
    EXPECT_EQ(Proxied(where).ask(six), "[2001:db8::1]:1 id-7\n");
}

TYPED_TEST(Behind, without_a_client_it_is_the_peer) {
    TypeParam server(any_port, {.proxies = loopback});
    Serving serving(server);
    for (const auto& header : {Header{.command = proxy_protocol::Command::local}, Header{.version = 1}}) {
        Proxied proxied(server.server_address());
        auto own = proxied.client.connection.getsockname().to_string();
        EXPECT_EQ(proxied.ask(header), own + " \n");
    }
}

TYPED_TEST(Behind, a_peer_that_is_not_trusted_is_shut_down_unread) {
    TypeParam server(any_port, {.proxies = trust({"10.0.0.0/8"_net})});
    Serving serving(server);
    Client client(server.server_address());
    (void)client.connection.try_sendall(header_for("203.0.113.7:1").to_bytes());
    EXPECT_TRUE(client.is_ended());
    EXPECT_EQ(server.refused_proxies(), 1u);
    EXPECT_EQ(server.stop().refused, 1u);
}

TYPED_TEST(Behind, a_byte_at_a_time) {
    TypeParam server(any_port, {.proxies = loopback});
    Serving serving(server);
    for (int version : {1, 2}) {
        Client client(server.server_address());
        client.connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
        for (char c : header_for("203.0.113.7:4711", version).to_bytes()) client.connection.sendall(std::string(1, c));
        EXPECT_EQ(client.answers.readline(), "203.0.113.7:4711 \n");
    }
}

// ---- Headers that are wrong or late. -----------------------------------------------------------------------------------

template <class Server>
std::string error_of(std::string_view bytes, bool ends, Duration limit = 10s) {
    Quiet<Server> server(any_port, {.proxies = trust({"127.0.0.0/8"_net}, limit)});
    Serving serving(server);
    Client client(server.server_address());
    client.connection.sendall(bytes);
    if (ends) client.finish();
    EXPECT_TRUE(client.is_ended());
    EXPECT_EQ(server.refused_proxies(), 0u);
    return server.seen();
}

TEST(WrongHeader, ends_its_request) {
    EXPECT_EQ(error_of<TCPServer<Who>>("GET / HTTP/1.1\r\n", false), "PROXY protocol: not a header\n");
    EXPECT_EQ(error_of<ThreadingTCPServer<Who>>("PROXY TCP4 x", true),
              "read the PROXY header: software caused connection abort\n");
    EXPECT_EQ(error_of<TCPServer<Who>>("", true), "read the PROXY header: software caused connection abort\n");
    EXPECT_EQ(error_of<ThreadingTCPServer<Who>>("PROX", false, 20ms), "read the PROXY header: timed out\n");
    EXPECT_EQ(error_of<TCPServer<Who>>("", false, 20ms), "read the PROXY header: timed out\n");
}

TEST(WrongHeader, the_limit_holds_for_all_of_it) {
    Quiet<TCPServer<Who>> server(any_port, {.proxies = trust({"127.0.0.0/8"_net}, 50ms)});
    Serving serving(server);
    Client slow(server.server_address());
    std::string unending = "PROXY UNKNOWN ";
    while (slow.connection.try_sendall(std::exchange(unending, "x")))
        if (!server.seen().empty()) break;  // each byte comes in time, and the header does not
    auto said = server.seen();
    EXPECT_TRUE(said == "read the PROXY header: timed out\n" ||
                said == "PROXY protocol: a line of more than 107 bytes\n")
        << said;
}

TEST(WrongHeader, one_silent_proxy_holds_up_nobody_but_itself) {
    ThreadingTCPServer<Who> server(any_port, {.proxies = loopback});
    Serving serving(server);
    Client silent(server.server_address());
    EXPECT_EQ(Proxied(server.server_address()).ask(header_for("203.0.113.7:1")), "203.0.113.7:1 \n");
    server.stop(0s);  // and stop() does not wait for it
    EXPECT_TRUE(silent.is_ended());
}

TEST(WrongHeader, of_version_2_has_a_limit) {
    TrustedProxies proxies{.networks = {"127.0.0.0/8"_net}, .longest_header = 64};
    Quiet<ThreadingTCPServer<Who>> server(any_port, {.proxies = std::make_shared<const TrustedProxies>(proxies)});
    Serving serving(server);
    auto header = header_for("203.0.113.7:1");
    header.tlvs = {{0xe0, std::string(64, 'x')}};
    Client client(server.server_address());
    client.connection.sendall(header.to_bytes());
    EXPECT_TRUE(client.is_ended());
    EXPECT_EQ(server.seen(), "PROXY protocol: a header of 95 bytes\n");
}

TEST(ReadProxyHeader, obeys_no_mode_and_goes_on_after_signals) {
    auto [near, far] = socket::socketpair();
    far.sendall(header_for("203.0.113.7:1", 1).to_bytes() + "rest");
    far.shutdown(SHUT_WR);
    near.settimeout(0s);
    testing::Faults faults(testing::trickle());
    EXPECT_EQ(read_proxy_header(near, 10s).source, Address::parse("203.0.113.7:1"));
    std::string rest;
    near.settimeout(10s);
    while (auto data = near.recv(100)) rest += data.view();
    EXPECT_EQ(rest, "rest");
}

// ---- Whom one trusts. --------------------------------------------------------------------------------------------------

TEST(Trusted, networks_and_unix_peers) {
    TrustedProxies proxies{.networks = {"10.0.0.0/8"_net, "2001:db8::/32"_net}};
    auto trusts = [&](const Address& peer) { return proxies.trusts(peer); };
    EXPECT_TRUE(trusts(Address::parse("10.1.2.3:1")));
    EXPECT_FALSE(trusts(Address::parse("11.1.2.3:1")));
    EXPECT_TRUE(trusts(Address::parse("[2001:db8::1]:1")));
    EXPECT_FALSE(trusts(Address::parse("[2001:db9::1]:1")));
    EXPECT_TRUE(trusts(Address::parse("[::ffff:10.1.2.3]:1")));  // B005: an IPv4 peer of an IPv6 socket
    EXPECT_FALSE(trusts(Address::parse("[::ffff:11.1.2.3]:1")));
    EXPECT_FALSE(trusts(Address::unnamed()));
    EXPECT_FALSE(trusts(Address()));
    proxies.unix_peers = true;
    EXPECT_TRUE(trusts(Address::unnamed()));
    EXPECT_FALSE(TrustedProxies().trusts(Address::parse("127.0.0.1:1")));
}

TEST(Trusted, over_a_unix_socket) {
    auto proxies = std::make_shared<const TrustedProxies>(TrustedProxies{.unix_peers = true});
    ThreadingUnixStreamServer<Who> server(Address::unnamed(), {.proxies = proxies});
    Serving serving(server);
    EXPECT_EQ(Proxied(server.server_address()).ask(header_for("203.0.113.7:1")), "203.0.113.7:1 \n");
}

TEST(Trusted, datagrams_have_none) { EXPECT_THROW(UDPServer<EchoPacket>(any_port, {.proxies = loopback}), ValueError); }

// ---- Limits. -----------------------------------------------------------------------------------------------------------

TEST(LimitsBehind, a_proxy_count_the_client) {
    PoolTCPServer<Who> server(any_port, {.proxies = loopback},
                              {.threads = 8, .limits = {.max_connections = 8, .max_per_peer = 2}});
    Serving serving(server);
    auto where = server.server_address();
    Proxied one(where), two(where), third(where), other(where);
    EXPECT_EQ(one.ask(header_for("203.0.113.7:1")), "203.0.113.7:1 \n");
    EXPECT_EQ(two.ask(header_for("203.0.113.7:2")), "203.0.113.7:2 \n");
    third.client.connection.sendall(header_for("203.0.113.7:3").to_bytes());
    EXPECT_TRUE(third.client.is_ended());
    EXPECT_EQ(other.ask(header_for("203.0.113.8:1")), "203.0.113.8:1 \n");
    EXPECT_EQ(server.counters().over_peer, 1u);
    one.client.finish();
    EXPECT_EQ(one.client.answers.readline(), "");
    while (server.counters().running > 2) std::this_thread::yield();
    EXPECT_EQ(Proxied(where).ask(header_for("203.0.113.7:4")), "203.0.113.7:4 \n");
    server.stop(0s);
    auto counters = server.counters();
    EXPECT_EQ(counters.ended + counters.over_peer, 5u);
}

TEST(LimitsBehind, a_proxy_count_the_client_of_a_worker_too) {
    PreforkTCPServer<Who> server(any_port, {.proxies = loopback},
                                 {.workers = 4, .limits = {.max_connections = 4, .max_per_peer = 1}});
    Serving serving(server);
    auto where = server.server_address();
    Proxied one(where), second(where), other(where);
    EXPECT_EQ(one.ask(header_for("203.0.113.7:1")), "203.0.113.7:1 \n");
    second.client.connection.sendall(header_for("203.0.113.7:2").to_bytes());
    EXPECT_TRUE(second.client.is_ended());
    EXPECT_EQ(other.ask(header_for("203.0.113.8:1")), "203.0.113.8:1 \n");
    EXPECT_EQ(server.counters().over_peer, 1u);
}

// Where a handler is waited for, a refused one is not: that is the time of the loop.
TEST(Untrusted, who_sends_and_stays_holds_up_nobody) {
    struct Choosy : ThreadingTCPServer<Who> {
        using ThreadingTCPServer::ThreadingTCPServer;
        ~Choosy() override { server_close(); }
        bool verify_request(Request&, const Address&) override { return ++asked > 20; }
        int asked = 0;
    } server(any_port, {.proxies = loopback});
    Serving serving(server);
    auto begin = std::chrono::steady_clock::now();
    std::deque<Client> refused;
    for (int i = 0; i < 20; ++i) refused.emplace_back(server.server_address()).connection.sendall("x");
    EXPECT_EQ(Proxied(server.server_address()).ask(header_for("203.0.113.7:1")), "203.0.113.7:1 \n");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);  // a second for each of them, otherwise
}

}  // namespace
}  // namespace bight::socketserver

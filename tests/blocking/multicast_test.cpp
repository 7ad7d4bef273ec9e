// SPDX-License-Identifier: BSL-1.0
#include <bight/interfaces.h>
#include <bight/multicast.h>

#include <gtest/gtest.h>

#include <cerrno>

namespace bight {
namespace {

using namespace std::chrono_literals;

const Address group4 = Address::ip("239.7.7.7", 0);
const Address group6 = Address::ip("ff02::7:7", 0);

Socket member(Family family) {
    Socket socket(family, Kind::datagram);
    socket.bind({family == Family::inet ? "0.0.0.0" : "::", 0});
    socket.settimeout(5s);
    return socket;
}

Socket sender(Family family, const multicast::Via& via = "lo") {
    Socket socket(family, Kind::datagram);
    multicast::set_interface(socket, via);
    multicast::set_ttl(socket, 0);  // stays on this machine
    if (family == Family::inet) socket.bind({"127.0.0.1", 0});
    return socket;
}

/// Whether a datagram to the group gets through.
bool gets_through(Socket& from, Socket& to, const Address& group) {
    to.setblocking(false);
    while (to.try_recv(10)) {}
    from.sendto("hello", group.with_port(to.getsockname().port()));
    return to.try_recv(10).has_value();  // the loopback delivers within the call
}

void expect_membership(Family family, const Address& group, const multicast::Via& via) {
    auto to = member(family), from = sender(family, via);
    EXPECT_FALSE(gets_through(from, to, group));
    multicast::join(to, group, via);
    EXPECT_TRUE(gets_through(from, to, group)) << family;
    EXPECT_THROW(multicast::join(to, group, via), OSError);
    multicast::leave(to, group, via);
    EXPECT_THROW(multicast::leave(to, group, via), OSError);
}

TEST(Multicast, members_receive_until_they_leave) { expect_membership(Family::inet, group4, "lo"); }

TEST(Multicast, members_receive_until_they_leave_over_ipv6) {
    // The loopback has no route for groups of IPv6; with a hop limit of 0 nothing leaves any other interface either.
    for (const auto& interface : socket::if_nameindex()) {
        auto probe = sender(Family::inet6, interface.index);
        if (probe.try_sendto("x", group6.with_port(9))) return expect_membership(Family::inet6, group6, interface.name);
    }
    GTEST_SKIP() << "no interface here has a route for groups of IPv6";
}

TEST(Multicast, the_interface_may_be_a_name_a_number_or_an_address) {
    int loopback = multicast::Via("lo").index();
    EXPECT_GT(loopback, 0);
    EXPECT_EQ(multicast::Via("127.0.0.1").index(), loopback);
    EXPECT_EQ(multicast::Via("::1").index(), loopback);
    EXPECT_EQ(multicast::Via(Address::ip("127.0.0.1", 80)).index(), loopback);
    EXPECT_EQ(multicast::Via(loopback).index(), loopback);
    EXPECT_EQ(multicast::Via("fe80::1%9").index(), 9);
    EXPECT_EQ(multicast::Via("0.0.0.0").index(), 0);
    EXPECT_EQ(multicast::Via().index(), 0);
    EXPECT_THROW(multicast::Via("nosuch0"), OSError);
    EXPECT_THROW(multicast::Via("203.0.113.77"), OSError);
    EXPECT_THROW(multicast::Via(Address::unix_path("/x")), ValueError);
    auto to = member(Family::inet), from = sender(Family::inet);
    multicast::join(to, group4, "127.0.0.1");
    EXPECT_TRUE(gets_through(from, to, group4));
    multicast::leave(to, group4, loopback);
}

TEST(Multicast, a_source_can_be_chosen_and_blocked) {
    auto to = member(Family::inet), from = sender(Family::inet);
    auto us = Address::ip("127.0.0.1", 0), them = Address::ip("127.0.0.2", 0);
    multicast::join_source(to, group4, them, "lo");
    EXPECT_FALSE(gets_through(from, to, group4));
    multicast::join_source(to, group4, us, "lo");
    EXPECT_TRUE(gets_through(from, to, group4));
    multicast::leave_source(to, group4, us, "lo");
    EXPECT_FALSE(gets_through(from, to, group4));
    multicast::leave_source(to, group4, them, "lo");
    multicast::join(to, group4, "lo");
    multicast::block_source(to, group4, us, "lo");
    EXPECT_FALSE(gets_through(from, to, group4));
    multicast::unblock_source(to, group4, us, "lo");
    EXPECT_TRUE(gets_through(from, to, group4));
}

TEST(Multicast, the_senders_side) {
    for (auto family : {Family::inet, Family::inet6}) {
        Socket from(family, Kind::datagram);
        bool v6 = family == Family::inet6;
        int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
        multicast::set_ttl(from, 7);
        EXPECT_EQ(from.getsockopt(level, v6 ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL), 7);
        multicast::set_loop(from, false);
        EXPECT_EQ(from.getsockopt(level, v6 ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP), 0);
        multicast::set_loop(from, true);
        EXPECT_EQ(from.getsockopt(level, v6 ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP), 1);
        EXPECT_THROW(multicast::set_ttl(from, 256), OverflowError);
        EXPECT_THROW(multicast::set_ttl(from, -1), OverflowError);
    }
}

TEST(Multicast, refuses_what_is_no_group) {
    auto to = member(Family::inet);
    EXPECT_THROW(multicast::join(to, Address::ip("10.0.0.1", 0), "lo"), OSError);
    EXPECT_THROW(multicast::join(to, Address::unix_path("/x"), "lo"), OSError);
}

}  // namespace
}  // namespace bight

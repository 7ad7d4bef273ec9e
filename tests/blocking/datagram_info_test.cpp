// SPDX-License-Identifier: BSL-1.0
// What comes beside a datagram: the option that asks for it and the typed item that tells it, over the loopback.
#include <bight/interfaces.h>
#include <bight/message.h>
#include <bight/options.h>
#include <bight/select.h>

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>

#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <unistd.h>

namespace bight {
namespace {

using namespace std::chrono_literals;

class DatagramInfo : public ::testing::TestWithParam<bool> {
protected:
    bool v6 = GetParam();
    Family family = v6 ? Family::inet6 : Family::inet;
    Socket sender = port(), receiver = port();

    Socket port() {
        Socket s(family, Kind::datagram);
        s.bind({v6 ? "::1" : "127.0.0.1", 0});
        s.settimeout(5s);
        return s;
    }

    Message pass(Bytes data = "hello", Bytes ancillary = {}) {
        sender.sendmsg({data}, ancillary, 0, receiver.getsockname());
        return receiver.recvmsg(100, 512);
    }

    /// What came by the queue of errors, once there is something.
    Message told(Socket& s) {
        EXPECT_EQ(select::select({s}, {}, {}, 5s).readable.size(), 1u);
        return s.recvmsg(100, 512, MSG_ERRQUEUE);
    }

    template <class Four, class Six, class Value>
    void set(Socket& s, const Four& four, const Six& six, const Value& value) {
        v6 ? s.set(six, value) : s.set(four, value);
    }
};

INSTANTIATE_TEST_SUITE_P(Families, DatagramInfo, ::testing::Bool(),
                         [](const auto& of) { return std::string(of.param ? "ipv6" : "ipv4"); });

TEST_P(DatagramInfo, nothing_comes_unless_it_is_asked_for) { EXPECT_TRUE(pass().ancillary.empty()); }

TEST_P(DatagramInfo, time) {
    auto before = std::chrono::system_clock::now();
    receiver.set(options::timestamp_ns, true);
    auto fine = pass().ancillary.timestamp();
    receiver.set(options::timestamp_ns, false);
    receiver.set(options::timestamp, true);
    auto coarse = pass().ancillary.timestamp();
    ASSERT_TRUE(fine && coarse);
    EXPECT_GE(*fine, before - 1s);
    EXPECT_LE(*fine, *coarse + 1us);
    EXPECT_LE(*coarse, std::chrono::system_clock::now() + 1s);
    EXPECT_EQ(coarse->time_since_epoch().count() % 1000, 0);
}

TEST_P(DatagramInfo, times_of_both_clocks) {
    receiver.set(options::timestamping, options::Timestamping::software | options::Timestamping::rx_software);
    // Nobody may have asked for times before; the kernel then begins to take them only after a while.
    std::optional<Timestamps> times;
    for (auto end = std::chrono::steady_clock::now() + 5s; !times && std::chrono::steady_clock::now() < end;)
        times = pass().ancillary.timestamps();
    ASSERT_TRUE(times && times->software);
    EXPECT_LT(std::chrono::abs(std::chrono::system_clock::now() - *times->software), 10s);
    EXPECT_FALSE(times->hardware);  // the loopback has no clock
}

TEST_P(DatagramInfo, the_time_at_which_a_datagram_left) {
    sender.set(options::timestamping, options::Timestamping::software | options::Timestamping::tx_software |
                                          options::Timestamping::opt_tsonly);
    set(sender, options::ip_receive_errors, options::ipv6_receive_errors, true);
    pass();
    auto message = told(sender);
    auto times = message.ancillary.timestamps();
    ASSERT_TRUE(times && times->software);
    EXPECT_LT(std::chrono::abs(std::chrono::system_clock::now() - *times->software), 10s);
    auto error = message.ancillary.extended_error();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->errnum, ENOMSG);
    EXPECT_EQ(error->origin, SO_EE_ORIGIN_TIMESTAMPING);
}

TEST_P(DatagramInfo, where_it_was_sent_to_and_by_which_interface) {
    set(receiver, options::ip_packet_info, options::ipv6_receive_packet_info, true);
    set(receiver, options::ip_receive_original_destination, options::ipv6_receive_original_destination, true);
    auto message = pass();
    auto info = message.ancillary.packet_info();
    ASSERT_TRUE(info);
    EXPECT_EQ(info->local, receiver.getsockname().with_port(0));
    EXPECT_EQ(info->interface_index, static_cast<std::uint32_t>(socket::if_nametoindex("lo")));
    EXPECT_EQ(message.ancillary.original_destination(), receiver.getsockname());
}

TEST_P(DatagramInfo, hops_and_traffic_class) {
    set(receiver, options::ip_receive_ttl, options::ipv6_receive_hop_limit, true);
    set(receiver, options::ip_receive_tos, options::ipv6_receive_traffic_class, true);
    set(sender, options::ip_ttl, options::ipv6_unicast_hops, 7);
    set(sender, options::ip_tos, options::ipv6_traffic_class, 0x2e << 2 | 2);
    auto message = pass();
    EXPECT_EQ(message.ancillary.ttl(), 7);
    EXPECT_EQ(message.ancillary.traffic_class(), 0x2e << 2 | 2);
    EXPECT_EQ(message.ancillary.ecn(), 2);
    // The message's own go before the socket's.
    message = pass("hello", AncillaryBuilder().ttl(family, 9).traffic_class(family, 1));
    EXPECT_EQ(message.ancillary.ttl(), 9);
    EXPECT_EQ(message.ancillary.ecn(), 1);
}

TEST_P(DatagramInfo, how_many_were_lost) {
    receiver.set(options::receive_overflow, true);
    receiver.set(options::receive_buffer, 0);  // the kernel's least
    auto drops_so_far = [&] { return receiver.get(options::memory_info).drops; };
    for (int i = 0; i < 1000 && drops_so_far() < 3; ++i) sender.sendto(std::string(400, 'x'), receiver.getsockname());
    auto lost = drops_so_far();
    ASSERT_GE(lost, 3u);
    receiver.setblocking(false);
    while (receiver.try_recv(500)) {}
    receiver.settimeout(5s);
    EXPECT_GE(pass().ancillary.drops().value_or(0), lost);
}

TEST_P(DatagramInfo, why_one_did_not_arrive) {
    set(sender, options::ip_receive_errors, options::ipv6_receive_errors, true);
    Address nobody;
    { nobody = port().getsockname(); }
    sender.sendto("anybody?", nobody);
    auto message = told(sender);
    EXPECT_EQ(message.data, "anybody?");
    EXPECT_EQ(message.address, nobody);
    auto error = message.ancillary.extended_error();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->errnum, ECONNREFUSED);
    EXPECT_EQ(error->origin, v6 ? SO_EE_ORIGIN_ICMP6 : SO_EE_ORIGIN_ICMP);
    EXPECT_EQ(error->type, v6 ? ICMP6_DST_UNREACH : ICMP_DEST_UNREACH);
    EXPECT_EQ(error->code, v6 ? ICMP6_DST_UNREACH_NOPORT : ICMP_PORT_UNREACH);
    EXPECT_EQ(error->offender.host(), v6 ? "::1" : "127.0.0.1");
    EXPECT_THROW(sender.recvmsg(100, 512, MSG_ERRQUEUE), BlockingIOError);  // told once
}

TEST_P(DatagramInfo, mark) {
    try {
        receiver.set(options::receive_mark, true);
        sender.set(options::mark, 0xfedcba98);
    } catch (const OSError& error) {
        GTEST_SKIP() << error.what();
    }
    EXPECT_EQ(pass().ancillary.mark(), 0xfedcba98);
}

TEST_P(DatagramInfo, trains_are_sent_and_received_in_one_piece) {
    receiver.set(options::udp_gro, true);
    sender.set(options::udp_segment, 3);
    auto message = pass("abcdefgh");
    EXPECT_EQ(message.data, "abcdefgh");
    EXPECT_EQ(message.ancillary.segment_size(), 3);
}

TEST(StreamInfo, how_many_bytes_wait_behind) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    auto client = socket::create_connection(HostPort(listener.getsockname()));
    auto server = listener.accept().socket;
    server.set(options::tcp_receive_waiting, true);
    client.sendall("hello");
    EXPECT_EQ(server.recv(5, MSG_PEEK | MSG_WAITALL).size(), 5u);
    EXPECT_EQ(server.recvmsg(2, 100).ancillary.bytes_waiting(), 3u);
    EXPECT_EQ(server.recvmsg(3, 100).ancillary.bytes_waiting(), 0u);
}

TEST(UnixInfo, who_sent_and_a_descriptor_of_the_process) {
    auto [near, far] = socket::socketpair();
    far.set(options::pass_credentials, true);
    try {
        far.set(options::pass_pidfd, true);
    } catch (const OSError& error) {
        GTEST_SKIP() << error.what() << ": older than Linux 6.5";
    }
    near.sendall("x");
    auto message = far.recvmsg(1, 200);
    EXPECT_EQ(message.ancillary.credentials(), (Credentials{::getpid(), ::geteuid(), ::getegid()}));
    EXPECT_EQ(message.ancillary.take_fds().size(), 1u);
    // It was not passed by anybody, and takes the room of no descriptor that was.
    near.sendall("x");
    auto none = socket::recv_fds(far, 1, 0);
    EXPECT_TRUE(none.fds.empty());
    EXPECT_EQ(none.flags & MSG_CTRUNC, 0);
    int fd = near.fileno();
    socket::send_fds(near, "x", {&fd, 1});
    EXPECT_EQ(socket::recv_fds(far, 1, 1).fds.size(), 1u);
}

TEST(UnixInfo, descriptors_can_be_kept_out) {
    auto [near, far] = socket::socketpair();
    try {
        far.set(options::pass_rights, false);
    } catch (const OSError& error) {
        GTEST_SKIP() << error.what() << ": older than Linux 6.16";
    }
    int fd = near.fileno();
    EXPECT_EQ(near.try_sendmsg(std::array{Bytes("x")}, AncillaryBuilder().fds({&fd, 1})).error().number(), EPERM);
}

}  // namespace
}  // namespace bight

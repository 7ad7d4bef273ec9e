// SPDX-License-Identifier: BSL-1.0
#include <bight/address_families.h>
#include <bight/interfaces.h>
#include <bight/message.h>
#include <bight/socket.h>

#include <gtest/gtest.h>

#include <cerrno>

#include <linux/if_alg.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/vm_sockets.h>
#include <net/ethernet.h>
#include <netinet/ip_icmp.h>
#include <unistd.h>

namespace bight {
namespace {

using namespace std::chrono_literals;

/// What opening such a socket comes to: the errno, 0 if it opens.
int opening(int family, int kind, int proto) {
    try {
        Socket s(family, kind, proto);
        return 0;
    } catch (const OSError& error) {
        return error.errnum();
    }
}

// ---- Address forms, by value. ------------------------------------------------------------------------------------------

template <class Form>
void expect_round_trip(const Form& form, Family family, std::size_t size) {
    Address address = form;
    EXPECT_EQ(address.family(), family);
    EXPECT_EQ(address.sockaddr().size(), size);
    EXPECT_EQ(Form::of(address), form);
    EXPECT_EQ(Address::from_sockaddr(address.sockaddr()), address);
    EXPECT_THROW(Form::of(Address::ip("10.0.0.1", 1)), ValueError);
    EXPECT_NO_THROW(Form::of(Address::from_sockaddr(address.sockaddr().slice(0, 2))));  // cut short: zeros
}

TEST(Families, address_forms_come_back) {
    expect_round_trip(NetlinkAddress{12, 0x80000001}, AF_NETLINK, 12);
    expect_round_trip(PacketAddress{3, 0x86dd, 4, 772, std::string("\1\2\0\4\5\6", 6)}, AF_PACKET, 20);
    expect_round_trip(VsockAddress{2, 0xfffffffe}, AF_VSOCK, 16);
    expect_round_trip(CanAddress{7}, AF_CAN, 24);
    expect_round_trip(IsotpAddress{7, 0x80000123, 0x456}, AF_CAN, 24);
    expect_round_trip(J1939Address{7, 0x123456789abcdef0, 0x3ffff, 254}, AF_CAN, 24);
    expect_round_trip(TipcAddress{1, 18888, 1, 5, 2}, AF_TIPC, 16);
    expect_round_trip(TipcAddress{2, 18888, 3, 0, -1}, AF_TIPC, 16);
    expect_round_trip(TipcAddress{3, 0x1001001, 77, 0, 0}, AF_TIPC, 16);
    expect_round_trip(QipcrtrAddress{1, 0x4000}, AF_QIPCRTR, 12);
    expect_round_trip(AlgAddress{"skcipher", "cbc(aes)", 1, 2}, AF_ALG, 88);
    expect_round_trip(AlgAddress{std::string(13, 't'), std::string(63, 'n'), 0, 0}, AF_ALG, 88);
    expect_round_trip(L2capAddress{"01:23:45:67:89:AB", 0x1001, 4, 1}, AF_BLUETOOTH, 14);
    expect_round_trip(RfcommAddress{"01:23:45:67:89:AB", 30}, AF_BLUETOOTH, 10);
    expect_round_trip(HciAddress{1, 3}, AF_BLUETOOTH, 6);
    expect_round_trip(ScoAddress{"FE:DC:BA:98:76:54"}, AF_BLUETOOTH, 8);
}

TEST(Families, bytes_of_address_forms_are_the_kernels) {
    EXPECT_EQ(Address(PacketAddress{1, 0x0800, 0, 0, ""}).sockaddr().slice(2, 6), Bytes("\x08\x00\x01\x00\x00\x00"));
    EXPECT_EQ(Address(ScoAddress{"01:23:45:67:89:AB"}).sockaddr().slice(2), Bytes("\xab\x89\x67\x45\x23\x01"));
    EXPECT_EQ(Address(L2capAddress{"00:00:00:00:00:00", 0x1001, 0, 0}).sockaddr().slice(2, 2), Bytes("\x01\x10"));
    EXPECT_EQ(Address(AlgAddress{"hash", "sha1", 0, 0}).sockaddr().slice(2, 6), Bytes("hash\0\0"));
}

TEST(Families, address_forms_refuse_what_does_not_fit) {
    EXPECT_THROW((void)Address(AlgAddress{std::string(14, 't'), "n", 0, 0}), ValueError);
    EXPECT_THROW((void)Address(AlgAddress{"t", std::string(64, 'n'), 0, 0}), ValueError);
    EXPECT_THROW((void)Address(PacketAddress{1, 1, 0, 0, std::string(9, 'x')}), ValueError);
    EXPECT_THROW((void)Address(TipcAddress{4, 0, 0, 0, 0}), ValueError);
    EXPECT_THROW((void)Address(TipcAddress{1, 0, 0, 0, 128}), OverflowError);
    for (const char* text : {"", "01:23:45:67:89", "01:23:45:67:89:AG", "01-23-45-67-89-AB", "01:23:45:67:89:AB:"})
        EXPECT_THROW((void)Address(ScoAddress{text}), ValueError) << text;
}

// ---- Families that open here. ------------------------------------------------------------------------------------------

TEST(Families, netlink_lists_the_interfaces) {
    Socket s(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    s.settimeout(5s);
    s.bind(NetlinkAddress{});
    EXPECT_NE(NetlinkAddress::of(s.getsockname()).pid, 0u);
    struct {
        nlmsghdr header{};
        rtgenmsg body{};
    } question;
    question.header.nlmsg_len = NLMSG_LENGTH(sizeof question.body);
    question.header.nlmsg_type = RTM_GETLINK;
    question.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    s.sendto(std::as_bytes(std::span(&question, 1)), NetlinkAddress{});
    auto [answer, peer] = s.recvfrom(65'536);
    EXPECT_EQ(NetlinkAddress::of(peer), (NetlinkAddress{0, 0}));
    EXPECT_NE(answer.view().find("lo"), std::string_view::npos);
}

TEST(Families, packet_sees_what_goes_over_the_loopback) {
    if (int refused = opening(AF_PACKET, SOCK_RAW, 0)) GTEST_SKIP() << "AF_PACKET: " << Errno(refused).message();
    Socket s(AF_PACKET, SOCK_RAW, 0);
    s.settimeout(5s);
    s.bind(PacketAddress{.interface_index = socket::if_nametoindex("lo"), .proto = ETH_P_IP});
    auto mine = PacketAddress::of(s.getsockname());
    EXPECT_EQ(mine.proto, ETH_P_IP);
    EXPECT_EQ(mine.addr, std::string(6, '\0'));
    Socket udp(Family::inet, Kind::datagram);
    udp.bind({"127.0.0.1", 0});
    udp.sendto("look at this packet", udp.getsockname());
    while (true) {
        auto [frame, from] = s.recvfrom(2000);
        if (frame.view().find("look at this packet") == std::string_view::npos) continue;
        EXPECT_EQ(PacketAddress::of(from).interface_index, socket::if_nametoindex("lo"));
        break;
    }
}

TEST(Families, raw_icmp_answers_a_ping) {
    if (int refused = opening(AF_INET, SOCK_RAW, IPPROTO_ICMP))
        GTEST_SKIP() << "SOCK_RAW: " << Errno(refused).message();
    Socket s(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    s.settimeout(5s);
    icmphdr ping{};
    ping.type = ICMP_ECHO;
    ping.un.echo.id = htons(static_cast<std::uint16_t>(::getpid()));
    ping.checksum = static_cast<std::uint16_t>(~(ICMP_ECHO + ping.un.echo.id));
    s.sendto(std::as_bytes(std::span(&ping, 1)), Address::ip("127.0.0.1", 0));
    while (true) {
        auto [packet, from] = s.recvfrom(2000);
        icmphdr answer;
        ASSERT_GE(packet.size(), 20 + sizeof answer);
        std::memcpy(&answer, packet.data() + 20, sizeof answer);
        if (answer.type != ICMP_ECHOREPLY || answer.un.echo.id != ping.un.echo.id) continue;
        EXPECT_EQ(from.host(), "127.0.0.1");
        break;
    }
}

TEST(Families, udplite_carries_datagrams) {
    if (int refused = opening(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE)) GTEST_SKIP() << Errno(refused).message();
    Socket from(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE), to(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
    to.bind({"127.0.0.1", 0});
    from.setsockopt(IPPROTO_UDPLITE, 10, 20);  // UDPLITE_SEND_CSCOV
    from.sendto("light", to.getsockname());
    EXPECT_EQ(to.recv(10), "light");
    EXPECT_EQ(to.proto(), IPPROTO_UDPLITE);
}

TEST(Families, mptcp_carries_a_stream) {
    if (int refused = opening(AF_INET, SOCK_STREAM, IPPROTO_MPTCP))
        GTEST_SKIP() << "MPTCP: " << Errno(refused).message();
    Socket listener(AF_INET, SOCK_STREAM, IPPROTO_MPTCP), client(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
    listener.bind({"127.0.0.1", 0});
    listener.listen();
    client.settimeout(5s);
    client.connect(listener.getsockname());
    auto server = listener.accept().socket;
    client.sendall("many paths");
    EXPECT_EQ(server.recv(20), "many paths");
    EXPECT_EQ(server.proto(), IPPROTO_MPTCP);
}

// The resolver knows no service of such sockets, and is asked for none.
TEST(Families, names_resolve_for_every_kind_of_internet_socket) {
    struct {
        int kind, proto;
    } kinds[] = {{SOCK_RAW, IPPROTO_ICMP},      {SOCK_RAW, IPPROTO_RAW},      {SOCK_DGRAM, IPPROTO_ICMP},
                 {SOCK_DGRAM, IPPROTO_UDPLITE}, {SOCK_STREAM, IPPROTO_MPTCP}, {SOCK_STREAM, 0}};
    for (auto [kind, proto] : kinds) {
        if (opening(AF_INET, kind, proto) != 0) continue;
        SCOPED_TRACE(Kind(kind).to_string() + ' ' + std::to_string(proto));
        Socket any(AF_INET, kind, proto), named(AF_INET, kind, proto);
        any.bind({"", 0});
        EXPECT_EQ(any.getsockname().host(), "0.0.0.0");
        named.bind({"localhost", 0});
        EXPECT_EQ(named.getsockname().host(), "127.0.0.1");
    }
}

TEST(Families, names_resolve_for_mptcp_with_their_port) {
    if (int refused = opening(AF_INET, SOCK_STREAM, IPPROTO_MPTCP))
        GTEST_SKIP() << "MPTCP: " << Errno(refused).message();
    Socket listener(AF_INET, SOCK_STREAM, IPPROTO_MPTCP), client(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
    listener.bind({"", 0});
    listener.listen();
    int port = listener.getsockname().port();
    client.settimeout(5s);
    client.connect({"localhost", port});
    EXPECT_EQ(client.getpeername(), Address::ip("127.0.0.1", port));
}

TEST(Families, raw_icmp_sends_to_a_name) {
    if (int refused = opening(AF_INET, SOCK_RAW, IPPROTO_ICMP))
        GTEST_SKIP() << "SOCK_RAW: " << Errno(refused).message();
    icmphdr ping{};
    ping.type = ICMP_ECHO;
    EXPECT_EQ(
        Socket(AF_INET, SOCK_RAW, IPPROTO_ICMP).sendto(std::as_bytes(std::span(&ping, 1)), HostPort("localhost", 0)),
        sizeof ping);
}

TEST(Families, vsock_binds) {
    if (int refused = opening(AF_VSOCK, SOCK_STREAM, 0)) GTEST_SKIP() << "AF_VSOCK: " << Errno(refused).message();
    Socket s(AF_VSOCK, SOCK_STREAM);
    s.bind(VsockAddress{VMADDR_CID_ANY, VMADDR_PORT_ANY});
    auto mine = VsockAddress::of(s.getsockname());
    EXPECT_NE(mine.port, VMADDR_PORT_ANY);
    s.listen();
    Socket client(AF_VSOCK, SOCK_STREAM);
    client.settimeout(200ms);
    EXPECT_THROW(client.connect(VsockAddress{VMADDR_CID_ANY, 1}), OSError);
}

// ---- The kernel's cryptography. ----------------------------------------------------------------------------------------

/// Both ends of a pair, of which the first believes to be of AF_ALG: what it sends is real, and its own items, which a
/// Unix socket does not look at, do no harm.
socket::SocketPair alg_pair() {
    auto [near, far] = socket::socketpair(Family::unix_domain, Kind::seqpacket);
    int fd = near.detach();
    return {Socket::adopt(fd, AF_ALG), std::move(far)};
}

TEST(Afalg, arguments_are_checked_as_in_python) {
    auto [alg, far] = alg_pair();
    EXPECT_THROW(alg.sendmsg_afalg({"x"}, {}), TypeError);
    EXPECT_THROW(alg.sendmsg_afalg({"x"}, {.op = -2}), TypeError);
    EXPECT_THROW(alg.sendmsg_afalg({"x"}, {.op = ALG_OP_ENCRYPT, .assoclen = -1}), TypeError);
    EXPECT_THROW(far.sendmsg_afalg({"x"}, {.op = ALG_OP_ENCRYPT}), OSError);
    alg.close();
    EXPECT_THROW(alg.sendmsg_afalg({"x"}, {.op = ALG_OP_ENCRYPT}), ClosedError);
}

TEST(Afalg, sends_data_in_pieces_and_with_flags) {
    auto [alg, far] = alg_pair();
    EXPECT_EQ(alg.sendmsg_afalg({"ab", "cde"}, {.op = ALG_OP_DECRYPT, .iv = "0123456789abcdef", .assoclen = 3}), 5u);
    EXPECT_EQ(far.recv(100), "abcde");
    EXPECT_EQ(alg.sendmsg_afalg({}, {.op = ALG_OP_ENCRYPT}), 0u);
    far.setblocking(false);
    EXPECT_THROW(while (true) alg.sendmsg_afalg({"x"}, {.op = ALG_OP_ENCRYPT, .flags = MSG_DONTWAIT}), BlockingIOError);
}

TEST(Afalg, encrypts_where_the_kernel_does) {
    if (int refused = opening(AF_ALG, SOCK_SEQPACKET, 0))
        GTEST_SKIP() << "nothing was encrypted, for this kernel has no AF_ALG: " << Errno(refused).message();
    Socket alg(AF_ALG, SOCK_SEQPACKET);
    alg.bind(AlgAddress{"skcipher", "cbc(aes)", 0, 0});
    alg.setsockopt(SOL_ALG, ALG_SET_KEY, Bytes("0123456789abcdef"));
    auto [operation, nobody] = alg.accept();
    std::string plain(32, 'p');
    operation.sendmsg_afalg({plain}, {.op = ALG_OP_ENCRYPT, .iv = Bytes("fedcba9876543210")});
    auto secret = operation.recv(32).to_string();
    EXPECT_EQ(secret.size(), 32u);
    EXPECT_NE(secret, plain);
    operation.sendmsg_afalg({secret}, {.op = ALG_OP_DECRYPT, .iv = Bytes("fedcba9876543210")});
    EXPECT_EQ(operation.recv(32), Bytes(plain));
}

// ---- Families that this kernel may refuse: the refusal is an OSError with its errno. -----------------------------------

TEST(Families, that_the_kernel_lacks_are_refused_by_errno) {
    struct Case {
        const char* name;
        int family, kind, proto;
    };
    std::string refused;
    for (const auto& [name, family, kind, proto] :
         {Case{"ALG", AF_ALG, SOCK_SEQPACKET, 0}, Case{"CAN", AF_CAN, SOCK_RAW, 1},
          Case{"TIPC", AF_TIPC, SOCK_STREAM, 0}, Case{"RDS", AF_RDS, SOCK_SEQPACKET, 0},
          Case{"QIPCRTR", AF_QIPCRTR, SOCK_DGRAM, 0}, Case{"L2CAP", AF_BLUETOOTH, SOCK_SEQPACKET, 0},
          Case{"SCTP", AF_INET, SOCK_STREAM, IPPROTO_SCTP}, Case{"RDM", AF_INET, SOCK_RDM, 0}}) {
        int errnum = opening(family, kind, proto);
        if (errnum == 0) continue;
        EXPECT_TRUE(errnum == EAFNOSUPPORT || errnum == EPROTONOSUPPORT || errnum == ESOCKTNOSUPPORT) << name << errnum;
        refused += std::string(" ") + name;
    }
    if (!refused.empty()) GTEST_SKIP() << "no data was exchanged over what this kernel lacks:" << refused;
}

}  // namespace
}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#include <bight/message.h>

#include "support/descriptors.h"
#include "support/faults.h"
#include "sys/calls.h"
#include "sys/messages.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cerrno>
#include <thread>

#include <netinet/udp.h>
#include <unistd.h>

namespace bight {
namespace {

using namespace std::chrono_literals;
using testing::Faults;
using testing::open_descriptors;

Socket udp_port(const char* host = "127.0.0.1") {
    Socket port(Address::ip(host, 0).family(), Kind::datagram);
    port.bind({host, 0});
    return port;
}

/// `count` numbers of a descriptor that is open.
std::vector<int> numbers(int fd, std::size_t count) { return std::vector<int>(count, fd); }

std::string item_text(const Ancillary& ancillary) {
    std::string text;
    for (const auto& item : ancillary)
        text += std::to_string(item.level) + '/' + std::to_string(item.type) + '/' + std::to_string(item.data.size()) +
                ' ';
    return text;
}

// ---- Data. -------------------------------------------------------------------------------------------------------------

TEST(Message, lists_of_bytes_have_the_shape_of_an_iovec) {
    Bytes bytes("abc");
    std::byte room[5];
    MutableBytes memory(room);
    auto one = std::bit_cast<iovec>(bytes), other = std::bit_cast<iovec>(memory);
    EXPECT_EQ(one.iov_base, bytes.data());
    EXPECT_EQ(one.iov_len, 3u);
    EXPECT_EQ(other.iov_base, room);
    EXPECT_EQ(other.iov_len, 5u);
}

TEST(Message, sendmsg_gathers_and_recvmsg_into_scatters) {
    auto [near, far] = socket::socketpair();
    EXPECT_EQ(near.sendmsg({"ab", "", "cdefg", "h"}), 8u);
    std::array<std::byte, 3> one;
    std::array<std::byte, 10> other;
    other.fill(std::byte{'-'});
    std::array<MutableBytes, 3> memory{MutableBytes(one), MutableBytes(), MutableBytes(other)};
    auto message = far.recvmsg_into(memory);
    EXPECT_EQ(message.size, 8u);
    EXPECT_EQ(Bytes(one), "abc");
    EXPECT_EQ(Bytes(other).slice(0, 6), "defgh-");
    EXPECT_EQ(message.flags, 0);
    EXPECT_TRUE(message.ancillary.empty());
    near.close();
    auto end = far.recvmsg(10, 100);
    EXPECT_FALSE(end.data);
    EXPECT_TRUE(end.ancillary.empty());
    EXPECT_EQ(end.flags, 0);
}

TEST(Message, datagrams_have_senders_and_tell_that_they_were_cut) {
    auto one = udp_port(), other = udp_port();
    one.sendmsg({"hello ", "world"}, {}, 0, other.getsockname());
    one.sendmsg({"next"}, {}, 0, other.getsockname());
    one.sendmsg({}, {}, 0, other.getsockname());
    auto cut = other.recvmsg(5);
    EXPECT_EQ(cut.data, "hello");
    EXPECT_EQ(cut.flags, MSG_TRUNC);
    EXPECT_EQ(cut.address, one.getsockname());
    EXPECT_EQ(other.recvmsg(5, 0, MSG_PEEK).data, "next");
    EXPECT_EQ(other.recvmsg(5).flags, 0);
    EXPECT_FALSE(other.recvmsg(5).data);
    EXPECT_THROW(one.sendmsg({"to whom?"}), OSError);
}

TEST(Message, the_true_length_of_a_datagram_is_told_where_it_is_asked_for) {
    auto one = udp_port(), other = udp_port();
    one.sendto("hello world", other.getsockname());
    one.sendto("hello world", other.getsockname());
    std::array<std::byte, 4> room;
    MutableBytes memory(room);
    EXPECT_EQ(other.recvmsg_into({&memory, 1}, 0, MSG_TRUNC).size, 11u);
    auto message = other.recvmsg(4, 0, MSG_TRUNC);  // and never more data than there is room for
    EXPECT_EQ(message.data, "hell");
    EXPECT_EQ(message.flags & MSG_TRUNC, MSG_TRUNC);
}

TEST(Message, a_stream_is_not_cut) {
    auto [near, far] = socket::socketpair();
    near.sendall("hello");
    auto first = far.recvmsg(2);
    EXPECT_EQ(first.data, "he");
    EXPECT_EQ(first.flags, 0);
    EXPECT_EQ(far.recvmsg(10).data, "llo");
}

// B062.
TEST(Message, any_number_of_pieces_goes_out_over_a_stream) {
    auto [near, far] = socket::socketpair();
    near.settimeout(10s);
    std::string expected, received;
    for (std::size_t pieces : {0u, 1u, 1023u, 1024u, 1025u, 20'000u}) {
        std::vector<Bytes> list(pieces, Bytes("x"));
        auto sent = near.sendmsg(list);
        EXPECT_EQ(sent, std::min<std::size_t>(pieces, 1024));
        if (sent > 0) {
            EXPECT_EQ(far.recv(30'000).size(), sent);
        }
    }
    std::vector<MutableBytes> memory(5000);
    std::array<std::byte, 1> room;
    memory[0] = room;
    near.sendall("y");
    EXPECT_EQ(far.recvmsg_into(memory).size, 1u);
    auto one = udp_port(), other = udp_port();
    one.connect(other.getsockname());
    EXPECT_EQ(one.try_sendmsg(std::vector<Bytes>(1025, Bytes("x"))).error().number(), EMSGSIZE);
}

TEST(Message, obeys_the_mode) {
    auto [near, far] = socket::socketpair();
    far.setblocking(false);
    EXPECT_THROW(far.recvmsg(1), BlockingIOError);
    EXPECT_EQ(far.try_recvmsg(1).error().number(), EAGAIN);
    far.settimeout(20ms);
    EXPECT_THROW(far.recvmsg(1), TimeoutError);
    far.settimeout(std::nullopt);
    EXPECT_THROW(far.recvmsg(1, 0, MSG_DONTWAIT), BlockingIOError);
    near.settimeout(20ms);
    std::string big(std::size_t{1} << 20, 'x');
    EXPECT_THROW(while (true) near.sendmsg({big}), TimeoutError);
    far.close();
    EXPECT_THROW(far.recvmsg(1), ClosedError);
    EXPECT_THROW(far.sendmsg({"x"}), ClosedError);
    EXPECT_EQ(far.try_sendmsg({}).error().number(), EBADF);
    EXPECT_THROW(near.sendmsg({"x"}), BrokenPipeError);  // and no SIGPIPE
}

TEST(Message, goes_on_after_a_signal_and_after_short_counts) {
    auto [near, far] = socket::socketpair();
    {
        Faults faults(testing::fail(sys::Call::sendmsg, EINTR, 3));
        EXPECT_EQ(near.sendmsg({"hello"}), 5u);
    }
    {
        Faults faults(testing::fail(sys::Call::recvmsg, EINTR, 3));
        EXPECT_EQ(far.recvmsg(10).data, "hello");
    }
    Faults faults([](sys::Call call) { return call == sys::Call::sendmsg ? sys::Fault{0, 2} : sys::Fault{}; });
    EXPECT_EQ(near.sendmsg({"", "hello"}), 2u);
    EXPECT_EQ(far.recvmsg(10).data, "he");
}

TEST(Message, errors_name_the_call_and_the_peer) {
    auto port = udp_port();
    try {
        port.sendmsg({std::string(70'000, 'x')}, {}, 0, Address::ip("127.0.0.1", 9));
        ADD_FAILURE();
    } catch (const OSError& error) {
        EXPECT_STREQ(error.what(), "sendmsg to 127.0.0.1:9: message too long");
    }
}

// ---- Ancillary data. ---------------------------------------------------------------------------------------------------

TEST(Message, tells_everything_about_an_ipv4_datagram) {
    auto from = udp_port(), to = udp_port();
    to.setsockopt(SOL_SOCKET, SO_TIMESTAMPNS, 1);
    to.setsockopt(IPPROTO_IP, IP_PKTINFO, 1);
    to.setsockopt(IPPROTO_IP, IP_RECVTTL, 1);
    to.setsockopt(IPPROTO_IP, IP_RECVTOS, 1);
    auto before = std::chrono::system_clock::now();
    from.sendmsg({"x"}, AncillaryBuilder().ttl(Family::inet, 33).traffic_class(Family::inet, 0x2a), 0,
                 to.getsockname());
    auto message = to.recvmsg(10, 512);
    EXPECT_EQ(message.flags, 0);
    EXPECT_EQ(message.ancillary.ttl(), 33);
    EXPECT_EQ(message.ancillary.traffic_class(), 0x2a);
    EXPECT_EQ(message.ancillary.ecn(), 2);
    auto way = message.ancillary.packet_info().value();
    EXPECT_EQ(way.local, Address::ip("127.0.0.1", 0));
    EXPECT_GT(way.interface_index, 0u);
    auto age = message.ancillary.timestamp().value() - before;
    EXPECT_LT(age, 10s);
    EXPECT_GT(age, -10s);
}

TEST(Message, tells_everything_about_an_ipv6_datagram) {
    auto from = udp_port("::1"), to = udp_port("::1");
    to.setsockopt(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    to.setsockopt(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
    to.setsockopt(IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    AncillaryBuilder builder;
    builder.ttl(Family::inet6, 44).traffic_class(Family::inet6, 0x31);
    from.sendmsg({"x"}, builder, 0, to.getsockname());
    auto message = to.recvmsg(10, 512);
    EXPECT_EQ(message.ancillary.ttl(), 44);
    EXPECT_EQ(message.ancillary.traffic_class(), 0x31);
    EXPECT_EQ(message.ancillary.packet_info().value().local, Address::ip("::1", 0));
}

TEST(Message, packet_info_chooses_the_source) {
    Socket from(Family::inet, Kind::datagram);
    from.bind({"", 0});
    auto to = udp_port();
    from.sendmsg({"x"}, AncillaryBuilder().packet_info({Address::ip("127.0.0.9", 0), 0}), 0, to.getsockname());
    EXPECT_EQ(to.recvmsg(10).address.host(), "127.0.0.9");
    Socket from6(Family::inet6, Kind::datagram);
    auto to6 = udp_port("::1");
    from6.sendmsg({"x"}, AncillaryBuilder().packet_info({Address::ip("::1", 0), 1}), 0, to6.getsockname());
    EXPECT_EQ(to6.recvmsg(10).address.host(), "::1");
}

TEST(Message, counts_the_datagrams_that_were_lost) {
    auto from = udp_port(), to = udp_port();
    to.setsockopt(SOL_SOCKET, SO_RXQ_OVFL, 1);
    to.setsockopt(SOL_SOCKET, SO_RCVBUF, 1);  // the kernel's least
    std::uint32_t sent = 0, received = 0;
    for (; sent < 50; ++sent) from.sendto(std::string(1000, 'x'), to.getsockname());
    to.setblocking(false);
    while (to.try_recvmsg(2000)) ++received;
    from.sendto("last", to.getsockname());
    EXPECT_EQ(to.recvmsg(10, 100).ancillary.drops().value_or(0), sent - received);
    EXPECT_GT(sent, received);
}

TEST(Message, credentials_are_vouched_for) {
    auto [near, far] = socket::socketpair();
    far.setsockopt(SOL_SOCKET, SO_PASSCRED, 1);
    near.sendall("x");
    Credentials mine{::getpid(), ::getuid(), ::getgid()};
    EXPECT_EQ(far.recvmsg(1, 100).ancillary.credentials(), mine);
    near.sendmsg({"x"}, AncillaryBuilder().credentials(mine));
    EXPECT_EQ(far.recvmsg(1, 100).ancillary.credentials(), mine);
}

TEST(Message, several_items_come_in_one) {
    auto [near, far] = socket::socketpair();
    far.setsockopt(SOL_SOCKET, SO_PASSCRED, 1);
    auto before = open_descriptors();
    {
        std::array<int, 3> three{near.fileno(), near.fileno(), near.fileno()};
        near.sendmsg({"x"}, AncillaryBuilder().fds(std::span(three).first(1)).fds(std::span(three).last(2)));
        auto message = far.recvmsg(1, 200);
        EXPECT_EQ(item_text(message.ancillary), "1/2/12 1/1/12 ");  // the kernel makes one of the two
        EXPECT_TRUE(message.ancillary.credentials());
        EXPECT_EQ(message.ancillary.take_fds().size(), 3u);
    }
    EXPECT_EQ(open_descriptors(), before);
}

// ---- Descriptors. ------------------------------------------------------------------------------------------------------

TEST(Fds, arrive_close_on_exec_and_work) {
    auto [near, far] = socket::socketpair();
    auto [inside, outside] = socket::socketpair();
    std::array<int, 1> fds{inside.fileno()};
    EXPECT_EQ(socket::send_fds(near, "here", fds), 4u);
    inside.close();
    auto received = socket::recv_fds(far, 100, 5);
    EXPECT_EQ(received.data, "here");
    EXPECT_EQ(received.flags, 0);
    ASSERT_EQ(received.fds.size(), 1u);
    EXPECT_FALSE(sys::is_inheritable(received.fds[0].fileno()).value());
    auto passed = Socket::adopt(received.fds[0].detach());
    EXPECT_FALSE(received.fds[0]);
    passed.sendall("through");
    EXPECT_EQ(outside.recv(100), "through");
}

TEST(Fds, of_any_number_up_to_the_kernels_most) {
    auto [near, far] = socket::socketpair();
    auto before = open_descriptors();
    for (std::size_t count : {0u, 1u, 10u, 253u}) {
        socket::send_fds(near, "x", numbers(near.fileno(), count));
        auto received = socket::recv_fds(far, 1, 253);
        EXPECT_EQ(received.fds.size(), count);
        EXPECT_EQ(received.flags, 0);
        EXPECT_EQ(open_descriptors(), before + count);
    }
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_THROW(socket::send_fds(near, "x", numbers(near.fileno(), 254)), OSError);
    EXPECT_THROW(socket::send_fds(near, "x", numbers(-1, 1)), OSError);
    EXPECT_THROW(socket::recv_fds(far, 1, 254), ValueError);
}

// B044: what nobody takes is closed, whatever the sizes.
TEST(Fds, in_excess_are_closed_and_told) {
    auto [near, far] = socket::socketpair();
    auto before = open_descriptors();
    for (std::size_t sent = 0; sent <= 253; sent += sent < 8 ? 1 : 35)
        for (std::size_t wanted : {0u, 1u, 2u, 7u, 100u, 253u}) {
            socket::send_fds(near, "x", numbers(near.fileno(), sent));
            auto received = socket::recv_fds(far, 1, wanted);
            EXPECT_EQ(received.fds.size(), std::min(sent, wanted));
            EXPECT_EQ(received.flags, sent > wanted ? MSG_CTRUNC : 0) << sent << " of " << wanted;
            EXPECT_EQ(open_descriptors(), before + received.fds.size());
        }
    EXPECT_EQ(open_descriptors(), before);
}

TEST(Fds, are_closed_with_a_message_that_nobody_looks_at) {
    auto [near, far] = socket::socketpair();
    auto before = open_descriptors();
    auto send = [&from = near] { socket::send_fds(from, "x", numbers(from.fileno(), 4)); };
    send();
    far.recvmsg(1, 100);
    EXPECT_EQ(open_descriptors(), before);
    send();
    auto first = far.recvmsg(1, 100);
    send();
    first = far.recvmsg(1, 100);  // those of the first are closed by this
    EXPECT_EQ(open_descriptors(), before + 4);
    auto moved = std::move(first);
    first = Message();
    EXPECT_EQ(open_descriptors(), before + 4);
    EXPECT_EQ(moved.ancillary.take_fds().size(), 4u);
    EXPECT_TRUE(moved.ancillary.take_fds().empty());
    EXPECT_EQ(open_descriptors(), before);
    send();
    far.recv(1);  // the kernel closes them
    send();
    far.recvmsg(1);
    EXPECT_EQ(open_descriptors(), before);
}

TEST(Fds, can_be_left_to_the_caller_as_in_python) {
    auto [near, far] = socket::socketpair();
    std::array<int, 1> fds{near.fileno()};
    socket::send_fds(near, "x", fds);
    int number = -1;
    {
        auto message = far.recvmsg(1, socket::cmsg_len(sizeof(int)));
        std::memcpy(&number, (*message.ancillary.begin()).data.data(), sizeof number);
        message.ancillary.disown_fds();
    }
    EXPECT_TRUE(sys::is_inheritable(number).has_value());
    FileDescriptor owner(number);
}

TEST(Fds, that_were_peeked_at_are_closed_too) {
    auto [near, far] = socket::socketpair();
    auto before = open_descriptors();
    socket::send_fds(near, "x", numbers(near.fileno(), 3));
    EXPECT_EQ(far.recvmsg(1, 100, MSG_PEEK).ancillary.take_fds().size(), 3u);
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_EQ(socket::recv_fds(far, 1, 3).fds.size(), 3u);
    EXPECT_EQ(open_descriptors(), before);
}

// B045, B046: each room from none to more than enough, against CPython, and no descriptor left over.
TEST(Fds, cut_at_every_byte_are_what_cpython_sees) {
    std::vector<std::size_t> counts{0, 1, 2, 3, 5};
    std::vector<std::string> arguments{"rights"};
    for (auto count : counts) arguments.push_back(std::to_string(count));
    auto expected = testing::oracle("tests/blocking/ancillary_oracle.py", arguments);
    auto before = open_descriptors();
    std::size_t line = 0;
    for (auto count : counts)
        for (std::size_t room = 0; room < socket::cmsg_space(static_cast<std::ptrdiff_t>(4 * count)) + 9; ++room) {
            std::string seen;
            {
                auto [near, far] = socket::socketpair();
                socket::send_fds(near, "x", numbers(near.fileno(), count));
                auto message = far.recvmsg(1, room);
                auto items = std::distance(message.ancillary.begin(), message.ancillary.end());
                auto bytes = items ? (*message.ancillary.begin()).data.size() : 0;
                seen = std::to_string(items) + ' ' + std::to_string(bytes) +
                       ((message.flags & MSG_CTRUNC) ? " 1" : " 0");
                EXPECT_EQ(message.ancillary.take_fds().size(), bytes / sizeof(int));
            }
            ASSERT_LT(line, expected.size());
            EXPECT_EQ(seen, expected[line++]) << count << " descriptors, room " << room;
            ASSERT_EQ(open_descriptors(), before);
        }
    EXPECT_EQ(line, expected.size());
}

// B045: a peer that sends descriptors with any number of plain bytes, in pieces of any size.
TEST(Fds, from_a_hostile_peer_do_no_harm) {
    auto before = open_descriptors();
    {
        auto [near, far] = socket::socketpair();
        std::string expected, received;
        std::thread sender([&from = near, &expected] {
            for (std::size_t i = 0; i < 300; ++i) {
                std::string data(1 + i * 7 % 90, static_cast<char>('a' + i % 26));
                if (i % 3 == 0)
                    socket::send_fds(from, data, numbers(from.fileno(), 1 + i % 20));
                else
                    from.sendall(data);
                expected += data;
            }
            from.shutdown(SHUT_WR);
        });
        for (std::size_t i = 0;; ++i) {
            auto part = socket::recv_fds(far, 1 + i % 50, i % 12);
            EXPECT_LE(part.fds.size(), i % 12);
            if (!part.data) break;
            received += part.data.view();
        }
        sender.join();
        EXPECT_EQ(received, expected);
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST(Fds, are_not_lost_where_receiving_fails) {
    auto [near, far] = socket::socketpair();
    auto before = open_descriptors();
    socket::send_fds(near, "x", numbers(near.fileno(), 2));
    {
        Faults faults(testing::fail(sys::Call::recvmsg, ENOMEM));
        EXPECT_THROW(socket::recv_fds(far, 1, 2), OSError);
    }
    EXPECT_EQ(socket::recv_fds(far, 1, 2).fds.size(), 2u);
    EXPECT_EQ(open_descriptors(), before);
}

TEST(FileDescriptor, closes_once_and_moves) {
    auto before = open_descriptors();
    {
        auto file = FileDescriptor::open("/dev/null");
        EXPECT_TRUE(file);
        EXPECT_FALSE(sys::is_inheritable(file.fileno()).value());
        FileDescriptor other = std::move(file);
        EXPECT_FALSE(file);
        EXPECT_EQ(file.fileno(), -1);
        file = std::move(other);
        EXPECT_EQ(open_descriptors(), before + 1);
        file = FileDescriptor::open("/dev/zero");
        EXPECT_EQ(open_descriptors(), before + 1);
        file.close();
        file.close();
        EXPECT_EQ(open_descriptors(), before);
    }
    EXPECT_THROW(FileDescriptor::open("/nonexistent/file"), FileNotFoundError);
    EXPECT_THROW(FileDescriptor::open(std::string("/dev/null\0x", 11)), ValueError);
    FileDescriptor bad(1'000'000);
    EXPECT_THROW(bad.close(), OSError);
    EXPECT_FALSE(bad);
}

}  // namespace
}  // namespace bight

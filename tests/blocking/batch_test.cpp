// SPDX-License-Identifier: BSL-1.0
#include <bight/batch.h>
#include <bight/socket.h>

#include "support/disturbances.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <random>

#include <netinet/udp.h>
#include <unistd.h>

namespace bight {
namespace {

using namespace std::chrono_literals;
using testing::Faults;

Socket udp_port(const char* host = "127.0.0.1") {
    Socket port(Address::ip(host, 0).family(), Kind::datagram);
    port.setsockopt(SOL_SOCKET, SO_RCVBUF, 4 << 20);
    port.bind({host, 0});
    return port;
}

/// All datagrams that have come, as texts.
std::vector<std::string> drain(Socket& port, ReceiveBatch& batch) {
    std::vector<std::string> all;
    while (port.try_recvmmsg(batch, MSG_DONTWAIT))
        for (const auto& datagram : batch) {
            EXPECT_FALSE(datagram.truncated());
            all.push_back(datagram.data.to_string());
        }
    return all;
}

std::vector<std::string> texts(std::size_t count, std::size_t size) {
    std::mt19937 random(3);
    std::vector<std::string> all(count);
    for (auto& text : all)
        for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(random());
    return all;
}

TEST(Batch, brings_many_datagrams_with_their_senders) {
    auto one = udp_port(), other = udp_port(), to = udp_port();
    SendBatch out;
    for (const char* text : {"a", "bb", "ccc"}) out.add(std::string_view(text), to.getsockname());
    EXPECT_EQ(out.size(), 3u);
    EXPECT_EQ(one.sendmmsg(out), 3u);
    EXPECT_TRUE(out.empty());
    other.sendto("dddd", to.getsockname());
    other.sendto("", to.getsockname());
    ReceiveBatch in;
    std::vector<std::pair<std::string, Address>> seen;
    for (const auto& datagram : to.recvmmsg(in)) seen.emplace_back(datagram.data.to_string(), datagram.peer);
    std::vector<std::pair<std::string, Address>> expected{{"a", one.getsockname()},
                                                          {"bb", one.getsockname()},
                                                          {"ccc", one.getsockname()},
                                                          {"dddd", other.getsockname()},
                                                          {"", other.getsockname()}};
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(in.size(), 5u);
}

TEST(Batch, of_one_is_a_datagram) {
    auto from = udp_port(), to = udp_port();
    from.connect(to.getsockname());
    SendBatch out(1);
    ReceiveBatch in(1, 100);
    for (int i = 0; i < 3; ++i) {
        out.add("hello");
        EXPECT_EQ(from.sendmmsg(out), 1u);
        to.recvmmsg(in);
        ASSERT_EQ(in.size(), 1u);
        EXPECT_EQ((*in.begin()).data, "hello");
        EXPECT_EQ((*in.begin()).peer, from.getsockname());
    }
    EXPECT_EQ(from.sendmmsg(out), 0u);  // nothing waits: nothing is sent
}

// B054: a flag and the true length for each.
TEST(Batch, tells_of_each_datagram_whether_it_was_cut) {
    auto from = udp_port(), to = udp_port();
    for (std::size_t size : {3u, 4u, 5u, 1000u, 0u}) from.sendto(std::string(size, 'x'), to.getsockname());
    ReceiveBatch in(8, 4);
    std::vector<std::size_t> sizes, lengths;
    for (const auto& datagram : to.recvmmsg(in)) {
        sizes.push_back(datagram.data.size());
        lengths.push_back(datagram.size);
        EXPECT_EQ(datagram.truncated(), datagram.size > 4);
        EXPECT_EQ(datagram.flags, datagram.truncated() ? MSG_TRUNC : 0);
    }
    EXPECT_EQ(sizes, (std::vector<std::size_t>{3, 4, 4, 4, 0}));
    EXPECT_EQ(lengths, (std::vector<std::size_t>{3, 4, 5, 1000, 0}));
}

TEST(Batch, waits_for_the_first_datagram_only) {
    auto from = udp_port(), to = udp_port();
    ReceiveBatch in;
    from.sendto("x", to.getsockname());
    EXPECT_EQ(to.recvmmsg(in).size(), 1u);  // on a blocking socket
    to.settimeout(10ms);
    EXPECT_THROW(to.recvmmsg(in), TimeoutError);
    EXPECT_TRUE(in.empty());
    EXPECT_EQ(in.begin(), in.end());
    to.setblocking(false);
    EXPECT_THROW(to.recvmmsg(in), BlockingIOError);
    to.settimeout(5s);
    from.sendto("y", to.getsockname());
    EXPECT_EQ(to.recvmmsg(in).size(), 1u);
}

TEST(Trains, arrive_as_the_datagrams_that_were_sent) {
    for (const char* host : {"127.0.0.1", "::1"})
        for (bool gro : {false, true})
            for (std::size_t count : {1u, 2u, 63u, 64u, 65u, 200u})
                for (std::size_t size : {1u, 100u, 1200u}) {
                    auto from = udp_port(host), to = udp_port(host);
                    to.setsockopt(SOL_UDP, UDP_GRO, gro ? 1 : 0);
                    auto expected = texts(count, size);
                    SendBatch out;
                    for (const auto& text : expected) out.add(text, to.getsockname());
                    EXPECT_EQ(out.size(), count);
                    EXPECT_EQ(from.sendmmsg(out), count);
                    ReceiveBatch in;
                    EXPECT_EQ(drain(to, in), expected) << host << ' ' << gro << ' ' << count << " x " << size;
                }
}

TEST(Trains, of_one_piece_of_memory) {
    auto from = udp_port(), to = udp_port();
    to.setsockopt(SOL_UDP, UDP_GRO, 1);
    std::string all;
    for (const auto& text : texts(150, 1000)) all += text;
    all += "short tail";
    SendBatch out;
    out.add_train(all, 1000, to.getsockname());
    EXPECT_EQ(out.size(), 151u);
    std::size_t calls = 0;
    {
        Faults faults([&](sys::Call call) { return calls += call == sys::Call::sendmmsg, sys::Fault{}; });
        EXPECT_EQ(from.sendmmsg(out), 151u);
    }
    EXPECT_EQ(calls, 1u);
    ReceiveBatch in;
    std::string received;
    auto parts = drain(to, in);
    for (const auto& part : parts) received += part;
    EXPECT_EQ(parts.size(), 151u);
    EXPECT_EQ(received, all);
    EXPECT_THROW(out.add_train(all, 0), ValueError);
    out.add_train("", 10);
    EXPECT_TRUE(out.empty());
}

TEST(Trains, come_apart_where_length_or_peer_change) {
    auto from = udp_port(), one = udp_port(), other = udp_port();
    for (auto* port : {&one, &other}) port->setsockopt(SOL_UDP, UDP_GRO, 1);
    std::mt19937 random(11);
    std::vector<std::string> all;
    for (int i = 0; i < 500; ++i)
        all.emplace_back(random() % 4 == 0 ? random() % 1500 : 700, static_cast<char>('a' + i % 26));
    std::vector<std::string> expected[2];
    SendBatch out(8);  // and it grows
    for (const auto& text : all) {
        bool second = random() % 5 == 0;
        out.add(text, (second ? other : one).getsockname());
        expected[second].push_back(text);
    }
    EXPECT_EQ(from.sendmmsg(out), all.size());
    ReceiveBatch in;
    EXPECT_EQ(drain(one, in), expected[0]);
    EXPECT_EQ(drain(other, in), expected[1]);
}

TEST(Trains, that_the_memory_is_too_small_for_lose_nothing_silently) {
    auto from = udp_port(), to = udp_port();
    to.setsockopt(SOL_UDP, UDP_GRO, 1);
    SendBatch out;
    std::string all(5000, 'x');
    out.add_train(all, 1000, to.getsockname());
    from.sendmmsg(out);
    ReceiveBatch in(4, 2500);
    std::vector<std::size_t> sizes;
    for (const auto& datagram : to.recvmmsg(in)) {
        EXPECT_EQ(datagram.size, 1000u);
        EXPECT_EQ(datagram.truncated(), datagram.data.size() < 1000);
        sizes.push_back(datagram.data.size());
    }
    EXPECT_EQ(sizes, (std::vector<std::size_t>{1000, 1000, 500, 0, 0}));
}

TEST(Trains, go_one_by_one_where_the_kernel_refuses_them) {
    for (int refusal : {EIO, EINVAL, EOPNOTSUPP, EMSGSIZE}) {
        auto from = udp_port(), to = udp_port();
        auto expected = texts(100, 50);
        SendBatch out;
        for (const auto& text : expected) out.add(text, to.getsockname());
        Faults faults(testing::fail(sys::Call::sendmmsg, refusal));
        EXPECT_EQ(from.sendmmsg(out), 100u);
        ReceiveBatch in;
        EXPECT_EQ(drain(to, in), expected);
    }
    auto from = udp_port(), to = udp_port();
    from.setsockopt(SOL_SOCKET, SO_NO_CHECK, 1);  // a real refusal: no check sums, no trains
    auto expected = texts(100, 50);
    SendBatch out;
    for (int round = 0; round < 2; ++round) {
        for (const auto& text : expected) out.add(text, to.getsockname());
        EXPECT_EQ(from.sendmmsg(out), 100u);
        ReceiveBatch in;
        EXPECT_EQ(drain(to, in), expected);
    }
}

TEST(Batch, keeps_what_could_not_be_sent) {
    auto from = udp_port(), to = udp_port();
    SendBatch out;
    std::string too_long(70'000, 'x');
    out.add("first", to.getsockname());
    out.add(too_long, to.getsockname());
    out.add("last", to.getsockname());
    EXPECT_THROW(from.sendmmsg(out), OSError);
    EXPECT_EQ(out.size(), 2u);
    EXPECT_EQ(from.try_sendmmsg(out).error().number(), EMSGSIZE);
    out.drop_first();
    EXPECT_EQ(from.sendmmsg(out), 1u);
    ReceiveBatch in;
    EXPECT_EQ(drain(to, in), (std::vector<std::string>{"first", "last"}));
    out.add("x");
    EXPECT_EQ(from.try_sendmmsg(out).error().number(), EDESTADDRREQ);
    out.clear();
    EXPECT_TRUE(out.empty());
    out.drop_first();
}

// B052: a refusal by ICMP is an error of one call, and the batch and the port go on.
TEST(Batch, goes_on_after_a_refusal) {
    auto from = udp_port();
    auto gone = udp_port().getsockname();
    from.connect(gone);
    from.send("anybody?");
    SendBatch out;
    out.add("again");
    EXPECT_THROW(from.sendmmsg(out), ConnectionRefusedError);
    EXPECT_EQ(out.size(), 1u);
    EXPECT_EQ(from.sendmmsg(out), 1u);
}

TEST(Batch, goes_on_after_signals_and_short_counts) {
    auto from = udp_port(), to = udp_port();
    auto expected = texts(300, 10);
    SendBatch out;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        expected[i].resize(10 - i % 3);
        out.add(expected[i], to.getsockname());
    }
    ReceiveBatch in(7, 100);
    Faults faults([calls = 0](sys::Call call) mutable -> sys::Fault {
        if (call != sys::Call::sendmmsg && call != sys::Call::recvmmsg) return {};
        if (++calls % 3 == 0) return {EINTR};
        return {0, 2};
    });
    EXPECT_EQ(from.sendmmsg(out), 300u);
    EXPECT_EQ(drain(to, in), expected);
}

// A blocking sendmmsg(2) that a signal ends after some messages tells how many, and not why.
TEST(Batch, a_signal_in_the_middle_is_not_lost) {
    auto [near, far] = socket::socketpair(Family::unix_domain, Kind::datagram);
    SendBatch out;
    for (int i = 0; i < 5; ++i) out.add("hello");
    ReceiveBatch in;
    {
        testing::RaisingHook hook;
        Faults faults([](sys::Call call) { return call == sys::Call::sendmmsg ? sys::Fault{0, 2} : sys::Fault{}; });
        EXPECT_THROW(near.sendmmsg(out), testing::RaisingHook::Signal);
        EXPECT_EQ(out.size(), 3u);
    }
    EXPECT_EQ(near.sendmmsg(out), 3u);
    EXPECT_EQ(drain(far, in).size(), 5u);
    testing::RaisingHook hook;
    Faults faults(testing::fail(sys::Call::recvmmsg, EINTR));
    EXPECT_THROW(far.recvmmsg(in), testing::RaisingHook::Signal);
}

TEST(Batch, a_duplicate_does_not_take_the_limit_away) {
    auto [near, far] = socket::socketpair(Family::unix_domain, Kind::datagram);
    for (Socket* end : {&near, &far}) {
        end->settimeout(20ms);
        testing::make_blocking_behind_its_back(*end);
    }
    ReceiveBatch in;
    EXPECT_LT(testing::time_of([&, &to = far] { EXPECT_THROW(to.recvmmsg(in), TimeoutError); }), 5s);
    SendBatch out;
    for (int i = 0; i < 2000; ++i) out.add("more than a receiver takes");
    EXPECT_LT(testing::time_of([&, &from = near] { EXPECT_THROW(while (true) from.sendmmsg(out), TimeoutError); }), 5s);
    EXPECT_GT(out.size(), 0u);
}

TEST(Batch, is_for_datagrams_of_any_family) {
    auto [near, far] = socket::socketpair(Family::unix_domain, Kind::datagram);
    SendBatch out;
    for (const char* text : {"same", "size", "here"}) out.add(std::string_view(text));
    EXPECT_EQ(near.sendmmsg(out), 3u);
    ReceiveBatch in;
    EXPECT_EQ(drain(far, in), (std::vector<std::string>{"same", "size", "here"}));
    auto [one, other] = socket::socketpair(Family::unix_domain, Kind::stream);
    EXPECT_THROW(one.sendmmsg(out), ValueError);
    EXPECT_THROW(other.recvmmsg(in), ValueError);
    one.close();
    EXPECT_THROW(one.sendmmsg(out), ClosedError);
    EXPECT_THROW(one.recvmmsg(in), ClosedError);
    EXPECT_THROW(ReceiveBatch(0), ValueError);
    EXPECT_THROW(ReceiveBatch(1025), ValueError);
    EXPECT_THROW(ReceiveBatch(2, SIZE_MAX / 2), ValueError);
}

TEST(Batch, that_is_never_empty_does_not_grow) {
    auto from = udp_port(), to = udp_port(), other = udp_port();
    auto peers = std::array{other.getsockname(), to.getsockname()};
    auto texts = std::array<std::string_view, 3>{"one", "two", "three"};
    auto resident = [] {
        std::size_t all = 0, pages = 0;
        std::ifstream("/proc/self/statm") >> all >> pages;
        return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    };
    SendBatch out;
    std::size_t turn = 0;
    auto add = [&] { out.add(texts[turn % 3], peers[turn % 2]), ++turn; };
    while (turn < 3) add();
    auto before = resident();
    while (turn < 300'000) {  // 50 MiB, if each left behind what it takes
        add();
        out.drop_first();
    }
    EXPECT_LT(resident(), before + (std::size_t{16} << 20));
    EXPECT_EQ(out.size(), 3u);
    EXPECT_EQ(from.sendmmsg(out), 3u);  // the turns 299,997 to 299,999
    ReceiveBatch in;
    EXPECT_EQ(drain(to, in), (std::vector<std::string>{"one", "three"}));
    EXPECT_EQ(drain(other, in), std::vector<std::string>{"two"});
}

TEST(Batch, that_is_never_empty_sends_each_datagram_once_to_its_peer) {
    auto from = udp_port(), to = udp_port(), other = udp_port();
    std::mt19937 random(4);
    std::vector<std::string> all(3000);
    for (auto& text : all) text.assign(random() % 3 + 1, static_cast<char>('a' + random() % 26));
    SendBatch out;
    ReceiveBatch in;
    std::vector<std::string> expected[2], came[2];
    std::size_t next = 0;
    Faults faults([](sys::Call call) { return call == sys::Call::sendmmsg ? sys::Fault{0, 3} : sys::Fault{}; });
    auto hook = lowlevel::set_interrupt_hook([] { throw testing::RaisingHook::Signal(); });
    while (next < all.size() || !out.empty()) {
        for (std::size_t i = 0; i < 40 && next < all.size(); ++i, ++next) {
            bool second = random() % 4 == 0;
            out.add(all[next], (second ? other : to).getsockname());
            expected[second].push_back(all[next]);
        }
        try {
            from.sendmmsg(out);  // some of it: the hook ends the call
        } catch (const testing::RaisingHook::Signal&) {}
        for (bool second : {false, true})
            for (auto& text : drain(second ? other : to, in)) came[second].push_back(std::move(text));
    }
    lowlevel::set_interrupt_hook(hook);
    EXPECT_EQ(came[0], expected[0]);
    EXPECT_EQ(came[1], expected[1]);
}

TEST(Batch, that_was_moved_from_is_empty) {
    auto from = udp_port(), to = udp_port();
    from.connect(to.getsockname());
    SendBatch out;
    out.add("one");
    SendBatch other_out(std::move(out));
    EXPECT_TRUE(out.empty());
    out.clear();
    out.drop_first();
    EXPECT_EQ(from.sendmmsg(out), 0u);
    out.add("two");
    EXPECT_EQ(from.sendmmsg(other_out) + from.sendmmsg(out), 2u);
    ReceiveBatch in;
    EXPECT_EQ(to.recvmmsg(in).size(), 2u);
    ReceiveBatch other_in(1, 1);
    other_in = std::move(in);
    EXPECT_EQ(other_in.size(), 2u);
    EXPECT_TRUE(in.empty());
    EXPECT_EQ(in.begin(), in.end());
    EXPECT_THROW(to.recvmmsg(in), ValueError);
}

TEST(Batch, of_peeked_datagrams_is_of_the_first_one) {
    auto from = udp_port(), to = udp_port();
    for (const char* text : {"one", "two"}) from.sendto(std::string_view(text), to.getsockname());
    ReceiveBatch in;
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(to.recvmmsg(in, MSG_PEEK).size(), 1u);
        EXPECT_EQ((*in.begin()).data, "one");
    }
    EXPECT_EQ(drain(to, in), (std::vector<std::string>{"one", "two"}));
}

// B046: what did not fit is told of.
TEST(Batch, tells_that_ancillary_data_was_lost) {
    auto from = udp_port(), to = udp_port();
    for (int option : {IP_PKTINFO, IP_RECVTTL, IP_RECVTOS}) to.setsockopt(IPPROTO_IP, option, 1);
    ReceiveBatch small(2, 10, 32), large(2, 10, 256);
    for (auto* in : {&small, &large}) {
        from.sendto("x", to.getsockname());
        for (const auto& datagram : to.recvmmsg(*in)) {
            EXPECT_EQ(datagram.flags, in == &small ? MSG_CTRUNC : 0);
            EXPECT_FALSE(datagram.truncated());
            EXPECT_EQ(datagram.ancillary.ttl().has_value(), in == &large);
        }
    }
}

TEST(Batch, brings_ancillary_data_too) {
    auto from = udp_port(), to = udp_port();
    to.setsockopt(IPPROTO_IP, IP_RECVTTL, 1);
    to.setsockopt(SOL_UDP, UDP_GRO, 1);
    from.setsockopt(IPPROTO_IP, IP_TTL, 77);
    SendBatch out;
    for (int i = 0; i < 3; ++i) out.add("abc", to.getsockname());
    from.sendmmsg(out);
    ReceiveBatch in;
    for (const auto& datagram : to.recvmmsg(in)) EXPECT_EQ(datagram.ancillary.ttl(), 77);
    EXPECT_EQ(in.size(), 3u);
}

}  // namespace
}  // namespace bight

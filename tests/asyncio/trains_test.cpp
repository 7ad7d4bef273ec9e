// SPDX-License-Identifier: BSL-1.0
/// Trains: many datagrams of one length by one call, on their way out (UDP_SEGMENT) and in (UDP_GRO).
#include <bight/asyncio/datagram.h>

#include "asyncio/engines.h"

#include <bight/socket.h>

#include "support/faults.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <set>
#include <string>
#include <vector>

#include <netinet/udp.h>

namespace bight::asyncio {
namespace {

struct TrainsTest : OnEveryEngine {};
struct TrainsEverywhereTest : OnEveryEngine {};

const Address loopback = Address::ip("127.0.0.1", 0);

Datagram open_port() { return open_datagrams({.local_addr = &loopback}); }
Datagram open_train_port() { return open_datagrams({.local_addr = &loopback, .trains = true}); }

/// `count` datagrams of `size` bytes that all differ, one behind the other.
std::string numbered(int count, std::size_t size) {
    std::string all;
    for (int i = 0; i < count; ++i) {
        std::string number = std::to_string(i);
        all += number + std::string(size - number.size(), '.');
    }
    return all;
}

std::vector<std::string> parts(std::string_view all, std::size_t size) {
    std::vector<std::string> each;
    for (std::size_t at = 0; at < all.size(); at += size) each.emplace_back(all.substr(at, size));
    return each;
}

Task<> send_train(Datagram* port, std::string data, std::size_t size, Address to) {
    co_await port->send_train(data, size, to);
}

Task<std::string> receive(Datagram* port) {
    auto packet = co_await port->recvfrom();
    co_return packet.data.to_string();
}

Task<> expect(Datagram* port, std::vector<std::string> texts) {
    for (const auto& text : texts) {
        std::string got = co_await receive(port);
        EXPECT_EQ(got, text);
    }
}

Task<> expect_nothing(Datagram* port) {
    bool timed_out = false;
    try {
        co_await wait_for(receive(port), 5ms);
    } catch (const TimeoutError&) {
        timed_out = true;
    }
    EXPECT_TRUE(timed_out);
}

/// How many calls of that kind are made while it lives.
struct Count {
    explicit Count(sys::Call which)
        : faults([this, which](sys::Call call) -> sys::Fault {
              calls += call == which ? 1 : 0;
              return {};
          }) {}
    std::atomic<int> calls = 0;
    testing::Faults faults;
};

TEST_P(TrainsEverywhereTest, what_is_sent_as_a_train_arrives_as_datagrams_in_their_order) {
    auto talk = []() -> Task<> {
        Datagram port = open_port(), client = open_port();
        std::string last(7, 'l');
        for (auto [count, size] : {std::pair(10, std::size_t{1200}), std::pair(150, std::size_t{100}),
                                   std::pair(50, std::size_t{1472}), std::pair(3, std::size_t{30'000})}) {
            std::string all = numbered(count, size) + last;
            co_await client.send_train(all, size, port.local());
            co_await expect(&port, parts(all, size));
        }
        auto packet_of = [](Datagram* from) -> Task<Packet> {
            auto packet = co_await from->recvfrom();
            co_return packet;
        };
        std::string two = "ab";
        co_await client.send_train(two, 1, port.local());
        auto packet = co_await packet_of(&port);
        EXPECT_EQ(packet.peer, client.local());
        EXPECT_EQ(packet.data.view(), "a");
    };
    run_in_turn(talk());
}

TEST_P(TrainsTest, one_call_sends_one) {
    if (!sys::seam::built) GTEST_SKIP() << "built without fault injection";
    auto talk = []() -> Task<> {
        Datagram port = open_port(), client = open_port();
        std::string all = numbered(130, 100);
        Count sent(sys::Call::sendmsg);
        co_await client.send_train(all, 100, port.local());
        EXPECT_EQ(sent.calls, 3);  // 64, 64 and 2
        co_await expect(&port, parts(all, 100));
    };
    run(talk());
}

TEST_P(TrainsEverywhereTest, a_port_for_trains_gives_them_one_by_one_or_as_they_came) {
    auto talk = []() -> Task<> {
        Datagram port = open_train_port(), client = open_port();
        std::string all = numbered(20, 1000) + "end";
        co_await client.send_train(all, 1000, port.local());
        co_await expect(&port, parts(all, 1000));

        co_await client.send_train(all, 1000, port.local());
        co_await expect(&port, parts(all.substr(0, 2000), 1000));
        auto cut = co_await port.recvfrom(5);
        EXPECT_EQ(cut.data.view(), all.substr(2000, 5));
        EXPECT_TRUE(cut.truncated);
        auto rest = co_await port.recv_train();
        EXPECT_TRUE(rest.data.view() == all.substr(3000));
        EXPECT_EQ(rest.size, 1000u);
        EXPECT_EQ(rest.peer, client.local());
        EXPECT_FALSE(rest.truncated);

        co_await client.send_train(all, 1000, port.local());
        auto whole = co_await port.recv_train();
        EXPECT_TRUE(whole.data.view() == all);
        EXPECT_EQ(whole.size, 1000u);
        co_await port.send_train(whole.data, whole.size, whole.peer);
        co_await expect(&client, parts(all, 1000));
    };
    run_in_turn(talk());
}

TEST_P(TrainsEverywhereTest, of_different_peers_and_lengths_and_of_one_and_none) {
    auto talk = []() -> Task<> {
        for (bool trains : {true, false}) {
            Datagram port = trains ? open_train_port() : open_port(), a = open_port(), b = open_port();
            Address where = port.local();
            co_await a.send_train("1234567890", 3, where);
            co_await b.send_train("single", 6, where);  // the first of its port in this turn: at once
            co_await a.send_train("", 0, where);
            co_await a.send_train("short", 100, where);
            std::string came;
            int datagrams = 0;
            while (datagrams < 7) {
                auto train = co_await port.recv_train();
                for (const auto& part : parts(train.data.view(), std::max<std::size_t>(train.size, 1)))
                    came += part + " ";
                if (train.data.empty()) came += "- ";
                datagrams += train.data.empty() ? 1
                                                : static_cast<int>((train.data.size() + train.size - 1) / train.size);
            }
            EXPECT_EQ(came, "123 456 789 0 single - short ");
        }
    };
    run_in_turn(talk());
}

TEST_P(TrainsEverywhereTest, keep_their_order_with_what_was_gathered) {
    auto talk = []() -> Task<> {
        Datagram port = open_port(), client = open_port();
        Address where = port.local();
        for (const char* text : {"1", "2", "3"}) {
            std::string one = text;
            co_await client.sendto(one, where);
        }
        std::string train = "456";
        co_await client.send_train(train, 1, where);
        std::string last = "7";
        co_await client.sendto(last, where);
        for (const char* text : {"1", "2", "3", "4", "5", "6", "7"}) {
            std::string got = co_await receive(&port);
            EXPECT_EQ(got, text);
        }
    };
    run_in_turn(talk());
}

TEST_P(TrainsEverywhereTest, go_to_the_peer_of_a_port_that_is_connected) {
    auto talk = []() -> Task<> {
        Datagram port = open_port();
        Address where = port.local();
        Datagram client = open_datagrams({.remote_addr = &where});
        std::string all = numbered(70, 50);
        co_await client.send_train(all, 50);
        co_await expect(&port, parts(all, 50));
    };
    run_in_turn(talk());
}

TEST_P(TrainsTest, a_socket_that_takes_them_already_is_asked_whether_it_does) {
    auto talk = []() -> Task<> {
        Socket socket(AF_INET, SOCK_DGRAM);
        socket.bind(loopback);
        socket.setsockopt(IPPROTO_UDP, UDP_GRO, 1);
        Datagram port = open_datagrams(std::move(socket)), client = open_port();
        std::string all = numbered(5, 100);
        co_await client.send_train(all, 100, port.local());
        std::string first = co_await receive(&port);
        EXPECT_EQ(first, all.substr(0, 100));
        auto rest = co_await port.recv_train();
        EXPECT_EQ(rest.data.view(), all.substr(100));
    };
    run(talk());
}

TEST_P(TrainsTest, over_Unix_sockets_are_single_datagrams) {
    auto talk = []() -> Task<> {
        Socket receiver(AF_UNIX, SOCK_DGRAM);
        receiver.bind(Address::unnamed());
        receiver.settimeout(10s);
        Datagram port = open_datagrams(Socket(AF_UNIX, SOCK_DGRAM));
        co_await port.send_train("aabbc", 2, receiver.getsockname());
        EXPECT_EQ(receiver.recv(100), "aa");
        EXPECT_EQ(receiver.recv(100), "bb");
        EXPECT_EQ(receiver.recv(100), "c");
    };
    run(talk());
}

// ---- Where it goes wrong. ----------------------------------------------------------------------------------------------

TEST_P(TrainsTest, where_the_kernel_refuses_them_each_datagram_goes_alone) {
    if (!sys::seam::built) GTEST_SKIP() << "built without fault injection";
    auto talk = []() -> Task<> {
        for (int errnum : {EIO, ENOPROTOOPT, EINVAL, EMSGSIZE}) {
            Datagram port = open_port(), client = open_port();
            std::string all = numbered(70, 100);
            {
                testing::Faults refuse(testing::fail(sys::Call::sendmsg, errnum));
                co_await client.send_train(all, 100, port.local());
            }
            co_await expect(&port, parts(all, 100));
            Count sent(sys::Call::sendmsg);
            co_await client.send_train(all, 100, port.local());
            bool knows_none = errnum == EIO || errnum == ENOPROTOOPT;
            EXPECT_EQ(sent.calls, knows_none ? 70 : 2);
            co_await expect(&port, parts(all, 100));
        }
    };
    run(talk());
}

TEST_P(TrainsTest, what_cannot_be_sent_is_an_error_and_ends_nothing) {
    auto talk = []() -> Task<> {
        Datagram port = open_port(), client = open_port();
        Address nowhere = Address::ip("127.0.0.1", 0);  // EINVAL
        int errnum = 0, refused = 0;
        try {
            co_await client.send_train("abc", 1, nowhere);
        } catch (const OSError& error) {
            errnum = error.errnum();
        }
        EXPECT_EQ(errnum, EINVAL);
        std::string much(200'000, 'm');
        for (std::size_t size : {std::size_t{0}, std::size_t{70'000}}) {
            try {
                co_await client.send_train(much, size, port.local());
            } catch (const ValueError&) {
                ++refused;
            }
        }
        EXPECT_EQ(refused, 2);
        co_await client.send_train("abc", 1, port.local());
        for (const char* text : {"a", "b", "c"}) {
            std::string got = co_await receive(&port);
            EXPECT_EQ(got, text);
        }
        co_await expect_nothing(&port);
    };
    run(talk());
}

TEST_P(TrainsTest, without_room_the_rest_waits_and_nothing_goes_twice) {
    if (!sys::seam::built) GTEST_SKIP() << "built without fault injection";
    auto talk = []() -> Task<> {
        Datagram port = open_port(), client = open_port();
        std::string all = numbered(150, 100);
        testing::Faults full([calls = 0](sys::Call call) mutable -> sys::Fault {
            if (call != sys::Call::sendmsg) return {};
            return {++calls % 2 == 0 ? EAGAIN : 0};
        });
        co_await client.send_train(all, 100, port.local());
        co_await expect(&port, parts(all, 100));
        co_await expect_nothing(&port);
    };
    run(talk());
}

TEST_P(TrainsTest, a_cancelled_one_has_sent_whole_datagrams_and_none_twice) {
    if (!sys::seam::built) GTEST_SKIP() << "built without fault injection";
    auto talk = []() -> Task<> {
        Datagram port = open_port(), client = open_port();
        std::string all = numbered(150, 100);
        TaskGroup group;
        {
            testing::Faults full([calls = 0](sys::Call call) mutable -> sys::Fault {
                if (call != sys::Call::sendmsg) return {};
                return {++calls > 1 ? EAGAIN : 0};
            });
            auto sending = group.spawn(send_train, &client, all, std::size_t{100}, port.local());
            for (int i = 0; i < 5; ++i) co_await sleep(Duration::zero());
            EXPECT_FALSE(sending.done());
            sending.cancel();
            co_await group.join();
            EXPECT_TRUE(sending.cancelled());
        }
        co_await expect(&port, parts(all.substr(0, 6400), 100));
        co_await expect_nothing(&port);
        co_await client.sendto("after", port.local());
        std::string after = co_await receive(&port);
        EXPECT_EQ(after, "after");
    };
    run(talk());
}

TEST_P(TrainsEverywhereTest, a_cancelled_wait_for_one_has_taken_none) {
    auto talk = []() -> Task<> {
        Datagram port = open_train_port(), client = open_port();
        auto take = [](Datagram* from, std::string* into) -> Task<> {
            auto train = co_await from->recv_train();
            *into = train.data.to_string();
        };
        std::string all = numbered(5, 100);
        for (int i = 0; i < 20; ++i) {
            TaskGroup group;
            std::string came;
            auto waiting = group.spawn(take, &port, &came);
            if (i % 2 == 0) co_await sleep(Duration::zero());
            co_await client.send_train(all, 100, port.local());
            if (i % 4 < 2) co_await sleep(Duration::zero());
            waiting.cancel();
            co_await group.join();
            if (waiting.cancelled()) {
                EXPECT_EQ(came, "");
                co_await take(&port, &came);
            }
            EXPECT_EQ(came, all);
        }
    };
    run_in_turn(talk());
}

/// Unless all goes in turn, a simulated network puts datagrams out of order; it loses none within a host.
TEST_P(TrainsEverywhereTest, arrive_whole) {
    auto talk = []() -> Task<> {
        Datagram port = open_train_port(), client = open_port();
        std::string all = numbered(40, 100) + "end";
        co_await client.send_train(all, 100, port.local());
        std::multiset<std::string> came, sent;
        for (const auto& part : parts(all, 100)) sent.insert(part);
        while (came.size() < sent.size()) {
            auto train = co_await port.recv_train();
            for (const auto& part : parts(train.data.view(), train.size)) came.insert(part);
        }
        EXPECT_EQ(came, sent);
    };
    run(talk());
}

BIGHT_ON_KERNEL_ENGINES(TrainsTest);
BIGHT_ON_EVERY_ENGINE(TrainsEverywhereTest);

}  // namespace
}  // namespace bight::asyncio

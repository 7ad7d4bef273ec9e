// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/datagram.h>

#include "asyncio/common_tasks.h"
#include "asyncio/engines.h"

#include <bight/socket.h>

#include "support/faults.h"

#include <atomic>
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

namespace bight::asyncio {
namespace {

// The simulated network puts datagrams out of order, and loses some: tests/simulation.
struct DatagramTest : OnEveryEngine {};

const Address loopback = Address::ip("127.0.0.1", 0);

Datagram open_port() { return open_datagrams({.local_addr = &loopback}); }

Task<std::string> receive(Datagram* port, std::size_t limit = Datagram::longest) {
    auto packet = co_await port->recvfrom(limit);
    co_return packet.data.to_string();
}

Task<> expect(Datagram* port, std::string text) {
    std::string got = co_await receive(port);
    EXPECT_EQ(got, text);
}

Task<> send(Datagram* port, std::string text, Address to) { co_await port->sendto(text, to); }

Task<> echo(Datagram* port) {
    while (true) {
        auto packet = co_await port->recvfrom();
        co_await port->sendto(packet.data, packet.peer);
    }
}

TEST_P(DatagramTest, many_come_back_whole_and_each_to_its_sender) {
    auto talk = []() -> Task<> {
        Datagram server = open_port();
        Address where = server.local();
        TaskGroup group;
        auto serving = group.spawn(echo, &server);
        std::vector<Datagram> clients;
        for (int i = 0; i < 4; ++i) clients.push_back(open_port());
        for (int round = 0; round < 20; ++round) {
            for (int i = 0; i < 40; ++i)
                co_await send(&clients[static_cast<std::size_t>(i % 4)], std::to_string(round * 100 + i), where);
            std::vector<std::vector<std::string>> came(4);
            for (std::size_t i = 0; i < 4; ++i)
                for (int n = 0; n < 10; ++n) {
                    std::string got = co_await receive(&clients[i]);
                    came[i].push_back(got);
                }
            for (std::size_t i = 0; i < 4; ++i)
                for (int n = 0; n < 10; ++n)
                    EXPECT_EQ(came[i][static_cast<std::size_t>(n)],
                              std::to_string(round * 100 + 4 * n + static_cast<int>(i)));
        }
        serving.cancel();
        co_await group.join();
    };
    run(talk());
}

TEST_P(DatagramTest, two_ports_do_not_mix_what_has_arrived) {
    auto talk = []() -> Task<> {
        Datagram a = open_port(), b = open_port(), client = open_port();
        for (int i = 0; i < 10; ++i) {
            co_await send(&client, "a" + std::to_string(i), a.local());
            co_await send(&client, "b" + std::to_string(i), b.local());
        }
        for (int i = 0; i < 3; ++i) co_await expect(&a, "a" + std::to_string(i));
        for (int i = 0; i < 10; ++i) co_await expect(&b, "b" + std::to_string(i));
        for (int i = 3; i < 10; ++i) co_await expect(&a, "a" + std::to_string(i));
    };
    run(talk());
}

TEST_P(DatagramTest, a_cancelled_receive_leaves_what_has_arrived_to_the_next) {
    auto talk = []() -> Task<> {
        Datagram port = open_port(), client = open_port();
        for (int i = 0; i < 5; ++i) co_await send(&client, std::to_string(i), port.local());
        std::string first = co_await receive(&port);
        EXPECT_EQ(first, "0");
        TaskGroup group;
        auto cancelled = group.spawn(receive, &port, Datagram::longest);
        cancelled.cancel();
        co_await group.join();
        EXPECT_TRUE(cancelled.cancelled());
        for (int i = 1; i < 5; ++i) co_await expect(&port, std::to_string(i));
        bool timed_out = false;
        try {
            co_await wait_for(receive(&port), 1ms);
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        co_await send(&client, "after", port.local());
        co_await expect(&port, "after");
    };
    run(talk());
}

TEST_P(DatagramTest, short_and_long_ones_keep_their_order_and_are_cut_off_at_the_limit) {
    auto talk = []() -> Task<> {
        Datagram port = open_port(), client = open_port();
        std::vector<std::string> texts = {"one", "two", std::string(10'000, 'l'), "", std::string(2048, 'f'), "six"};
        for (const auto& text : texts) co_await send(&client, text, port.local());
        for (const auto& text : texts) co_await expect(&port, text);
        for (const auto& text : texts) co_await send(&client, text, port.local());
        for (const auto& text : texts) {
            auto packet = co_await port.recvfrom(3);
            EXPECT_EQ(packet.data.view(), text.substr(0, 3));
            EXPECT_EQ(packet.truncated, text.size() > 3);
            EXPECT_EQ(packet.peer, client.local());
        }
    };
    run(talk());
}

TEST_P(DatagramTest, what_was_sent_goes_out_although_the_port_goes) {
    auto talk = []() -> Task<> {
        Datagram port = open_port();
        {
            Datagram client = open_port();
            for (int i = 0; i < 5; ++i) co_await send(&client, std::to_string(i), port.local());
        }
        for (int i = 0; i < 5; ++i) co_await expect(&port, std::to_string(i));
    };
    run(talk());
}

TEST_P(DatagramTest, more_than_a_batch_in_a_turn_all_go_and_by_few_calls) {
    auto talk = []() -> Task<> {
        Datagram port = open_port(), client = open_port();
        Address where = port.local();
        std::atomic<int> calls = 0;
        testing::Faults count([&calls](sys::Call call) -> sys::Fault {
            using enum sys::Call;
            if (call == send || call == sendto || call == sendmmsg || call == recvfrom || call == recvmmsg) ++calls;
            return {};
        });
        constexpr int most = 150;
        std::string text = "x";
        for (int i = 0; i < most; ++i) co_await client.sendto(text, where);
        co_await sleep(1ms);
        for (int i = 0; i < most; ++i) {
            auto packet = co_await port.recvfrom();
            EXPECT_EQ(packet.data.view(), "x");
        }
        if (sys::seam::built) {
            EXPECT_LT(calls, 30);
        }
    };
    run(talk());
}

TEST_P(DatagramTest, an_error_of_one_that_was_gathered_is_told_once_by_the_next_call) {
    auto talk = []() -> Task<> {
        Datagram port = open_port(), client = open_port();
        Address where = port.local();
        Address nowhere = Address::ip("127.0.0.1", 0);  // EINVAL
        std::string text = "x";
        co_await client.sendto(text, where);    // goes at once
        co_await client.sendto(text, nowhere);  // gathered, as what follows
        co_await client.sendto(text, where);
        co_await sleep(1ms);
        int errnum = 0;
        try {
            co_await client.sendto(text, where);
        } catch (const OSError& error) {
            errnum = error.errnum();
        }
        EXPECT_EQ(errnum, EINVAL);
        co_await client.sendto(text, where);
        for (int i = 0; i < 3; ++i) co_await expect(&port, "x");
        co_await sleep(1ms);
        try {
            errnum = 0;
            co_await client.sendto(text, nowhere);  // alone in its turn: told by the call itself
        } catch (const OSError& error) {
            errnum = error.errnum();
        }
        EXPECT_EQ(errnum, EINVAL);
    };
    run(talk());
}

TEST_P(DatagramTest, a_connected_port_is_told_that_nobody_listens_and_goes_on) {
    auto talk = []() -> Task<> {
        Socket quiet(AF_INET, SOCK_DGRAM);
        quiet.bind(loopback);
        Address where = quiet.getsockname();
        quiet.close();
        Datagram client = open_datagrams({.remote_addr = &where});
        std::string text = "x";
        bool refused = false;
        co_await client.send(text);
        try {
            co_await client.recvfrom();
        } catch (const ConnectionRefusedError&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
        Socket listens(AF_INET, SOCK_DGRAM);
        listens.bind(where);
        co_await client.send(text);
        co_await client.send(text);
        co_await sleep(1ms);
        listens.settimeout(10s);
        EXPECT_EQ(listens.recv(10).view(), "x");
        EXPECT_EQ(listens.recv(10).view(), "x");
    };
    run(talk());
}

TEST(UringDatagrams, without_room_what_was_gathered_waits_and_keeps_its_order) {
    if (!has_uring()) GTEST_SKIP() << "the kernel refuses io_uring";
    if (!sys::seam::built) GTEST_SKIP() << "built without fault injection";
    auto talk = []() -> Task<> {
        Datagram port = open_port(), client = open_port();
        testing::Faults full(testing::fail(sys::Call::sendmmsg, EAGAIN, 3));
        for (int i = 0; i < 100; ++i) co_await send(&client, std::to_string(i), port.local());
        for (int i = 0; i < 100; ++i) co_await expect(&port, std::to_string(i));
    };
    asyncio::run(talk(), options_for(EngineChoice::uring));
}

TEST_P(DatagramTest, what_was_sent_has_left_when_a_run_ends) {
    Socket receiver(AF_INET, SOCK_DGRAM);
    receiver.bind(Address::ip("127.0.0.1", 0));
    receiver.settimeout(10s);
    const Address where = receiver.getsockname();
    EventLoop loop(options_for(choice()));
    std::optional<Datagram> port;
    auto open = [&]() -> Task<> {
        port.emplace(open_port());
        co_return;
    };
    loop.run_until_complete(open());
    auto send_two = [&]() -> Task<> {
        co_await send(&*port, "one", where);
        co_await send(&*port, "two", where);
    };
    for (int run = 0; run < 3; ++run) {
        loop.run_until_complete(send_two());
        EXPECT_EQ(receiver.recv(10).view(), "one");
        EXPECT_EQ(receiver.recv(10).view(), "two");
    }
    port.reset();
}

// ---- Unix: a receiver that is full. ------------------------------------------------------------------------------------

Socket unix_receiver() {
    Socket receiver(AF_UNIX, SOCK_DGRAM);
    receiver.bind(Address::unnamed());
    receiver.settimeout(10s);
    return receiver;
}

/// Until its queue takes no more; how many that were.
int fill(Socket& from, const Address& receiver) {
    from.setblocking(false);
    int sent = 0;
    while (from.try_sendto("filler", receiver)) ++sent;
    return sent;
}

TEST_P(DatagramTest, a_full_receiver_is_waited_for_without_spinning) {
    auto talk = []() -> Task<> {
        Socket receiver = unix_receiver();
        Address where = receiver.getsockname();
        Socket other(AF_UNIX, SOCK_DGRAM);
        int fillers = fill(other, where);
        EXPECT_GT(fillers, 0);
        for (bool connected : {false, true}) {
            Socket socket(AF_UNIX, SOCK_DGRAM);
            if (connected) socket.connect(where);
            Datagram port = open_datagrams(std::move(socket));
            auto say = [](Datagram* from, Address to, bool is_connected) -> Task<> {
                std::string text = "at last";
                if (is_connected)
                    co_await from->send(text);
                else
                    co_await from->sendto(text, to);
            };
            TaskGroup group;
            auto sending = group.spawn(say, &port, where, connected);
            int calls = co_await calls_in_a_while();
            EXPECT_LT(calls, 20);
            EXPECT_FALSE(sending.done());
            for (int i = 0; i < fillers; ++i) EXPECT_EQ(receiver.recv(100).view(), "filler");
            co_await group.join();
            EXPECT_EQ(receiver.recv(100).view(), "at last");
            EXPECT_EQ(fill(other, where), fillers);
        }
    };
    run(talk());
}

TEST_P(DatagramTest, a_full_receiver_that_is_given_up_or_goes_keeps_nobody_from_others) {
    auto talk = []() -> Task<> {
        std::optional<Socket> full = unix_receiver();
        Socket empty = unix_receiver(), other(AF_UNIX, SOCK_DGRAM);
        Address where = full->getsockname();
        (void)fill(other, where);
        Datagram port = open_datagrams(Socket(AF_UNIX, SOCK_DGRAM));
        TaskGroup group;
        auto waiting = group.spawn(send, &port, std::string("never"), where);
        auto behind = group.spawn(send, &port, std::string("behind"), empty.getsockname());
        co_await sleep(5ms);
        EXPECT_FALSE(waiting.done() || behind.done());
        waiting.cancel();
        co_await group.join();
        EXPECT_TRUE(waiting.cancelled());
        EXPECT_EQ(empty.recv(100).view(), "behind");
        co_await send(&port, "more", empty.getsockname());
        EXPECT_EQ(empty.recv(100).view(), "more");

        bool refused = false;
        auto catch_it = [&refused](Datagram* from, Address to) -> Task<> {
            try {
                co_await send(from, "never", to);
            } catch (const ConnectionRefusedError&) {
                refused = true;
            }
        };
        (void)group.create_task(catch_it(&port, where));
        co_await sleep(5ms);
        full.reset();
        co_await group.join();
        EXPECT_TRUE(refused);
    };
    run(talk());
}

BIGHT_ON_KERNEL_ENGINES(DatagramTest);

}  // namespace
}  // namespace bight::asyncio

// SPDX-License-Identifier: BSL-1.0
/// Flags and options of descriptors: those that others change, for duplicates share them, and those that servers set.
#include "asyncio/common_tasks.h"
#include "asyncio/engines.h"

#include <bight/socket.h>

#include "support/descriptors.h"
#include "support/faults.h"

#include <atomic>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace bight::asyncio {
namespace {

using sys::Call;
using sys::Fault;

struct FlagsTest : OnEveryEngine {};

void change_nonblocking(int fd) {
    int flags = ::fcntl(fd, F_GETFL);
    ASSERT_GE(flags, 0);
    ASSERT_EQ(::fcntl(fd, F_SETFL, flags ^ O_NONBLOCK), 0);
}

/// How often the kernel is asked while nothing happens.
Task<std::string> receive(Stream* stream) {
    auto data = co_await stream->read_all(100'000'000);
    co_return data.to_string();
}

TEST_P(FlagsTest, a_stream_whose_O_NONBLOCK_others_change_neither_spins_nor_hangs) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        TaskGroup group;
        auto reading = group.spawn(receive, &b);
        co_await sleep(1ms);
        change_nonblocking(a.fileno());
        change_nonblocking(b.fileno());
        co_await a.write("a word");  // ends the receive that waited already
        int idle = co_await calls_in_a_while();
        EXPECT_LT(idle, 20);
        std::string much(20'000'000, 'm');
        co_await send(&a, much);
        co_await group.join();
        EXPECT_TRUE(reading.result() == "a word" + much);

        auto writing = group.spawn(send, &b, much);  // until there is no room
        int full = co_await calls_in_a_while();
        for (int tries = 0; full >= 20 && tries < 100; ++tries) full = co_await calls_in_a_while();
        EXPECT_LT(full, 20);
        auto all = co_await receive(&a);
        EXPECT_TRUE(all == much);
        co_await group.join();
    };
    run(talk());
}

TEST_P(FlagsTest, a_listener_whose_O_NONBLOCK_others_change_neither_spins_nor_hangs) {
    auto talk = []() -> Task<> {
        auto listener = socket::create_server({"127.0.0.1", 0});
        Address where = listener.getsockname();
        int other = ::dup(listener.fileno());
        auto greet = [](Stream client) -> Task<> { co_await client.write("hello"); };
        auto server = start_server(std::move(listener), greet);
        for (int round = 0; round < 3; ++round) {
            for (int i = 0; i < 3; ++i) {
                Stream client = co_await open_connection(where);
                auto word = co_await client.readexactly(5);
                EXPECT_EQ(word.view(), "hello");
            }
            change_nonblocking(other);
            int idle = co_await calls_in_a_while();
            EXPECT_LT(idle, 20);
        }
        ::close(other);
        ServeTally tally = co_await server.stop(10s);
        EXPECT_EQ(tally.accepted, 9u);
    };
    run(talk());
}

TEST_P(FlagsTest, connections_of_a_server_find_out_that_their_peer_has_gone) {
    auto talk = []() -> Task<> {
        auto check = [](Stream client) -> Task<> {
            EXPECT_EQ(client.getsockopt(SOL_SOCKET, SO_KEEPALIVE), 1);
            EXPECT_EQ(client.getsockopt(IPPROTO_TCP, TCP_KEEPIDLE), 60);
            EXPECT_EQ(client.getsockopt(IPPROTO_TCP, TCP_KEEPINTVL), 15);
            EXPECT_EQ(client.getsockopt(IPPROTO_TCP, TCP_KEEPCNT), 4);
            EXPECT_EQ(client.getsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT), 120'000);
            co_await client.write("checked");
        };
        auto leave = [](Stream client) -> Task<> {
            EXPECT_EQ(client.getsockopt(SOL_SOCKET, SO_KEEPALIVE), 0);
            EXPECT_EQ(client.getsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
            co_await client.write("checked");
        };
        auto server = start_server(any_port, check);
        auto adopted = start_server(socket::create_server({"127.0.0.1", 0}), check);
        auto bare = start_server(any_port, leave, {.keepalive = 0s, .user_timeout = 0s});
        for (Server* each : {&server, &adopted, &bare}) {
            Stream client = co_await open_connection(each->addresses().front());
            auto word = co_await client.readexactly(7);
            EXPECT_EQ(word.view(), "checked");
        }
    };
    run(talk());
}

TEST_P(FlagsTest, connections_that_no_handler_has_are_closed_with_the_server) {
    auto talk = []() -> Task<> {
        auto leave = [](Stream) -> Task<> { co_return; };
        auto server = start_server(any_port, leave);
        std::vector<Stream> clients;
        for (int i = 0; i < 20; ++i) clients.push_back(co_await open_connection(server.addresses().front()));
        server.close();
        for (auto& client : clients) {
            auto end = co_await client.try_read();
            EXPECT_TRUE(!end || end->empty());
        }
        co_await server.wait_closed();
        ServeTally tally = server.tally();
        EXPECT_EQ(tally.accepted, tally.served + tally.drained + tally.aborted + tally.refused);
    };
    auto before = testing::open_descriptors();
    run(talk());
    EXPECT_EQ(testing::open_descriptors(), before);
}

BIGHT_ON_KERNEL_ENGINES(FlagsTest);

}  // namespace
}  // namespace bight::asyncio

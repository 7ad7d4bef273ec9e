// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/stream.h>

#include <bight/socket.h>

#include "asyncio/engines.h"

#include <optional>
#include <random>
#include <string>
#include <vector>

namespace bight::asyncio {
namespace {

struct StreamTest : OnEveryEngine {};

Task<> send(Stream* stream, std::string data, bool end) {
    co_await stream->write(data);
    if (end) stream->write_eof();
}

TEST_P(StreamTest, read_returns_what_has_come_and_nothing_at_the_end) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        co_await a.write("hello");
        auto data = co_await b.read();
        EXPECT_EQ(data.view(), "hello");
        a.write_eof();
        auto end = co_await b.read();
        EXPECT_FALSE(end);
        EXPECT_TRUE(b.at_eof());
        co_await b.write("still here");
        auto answer = co_await a.read();
        EXPECT_EQ(answer.view(), "still here");
    };
    run(talk());
}

TEST_P(StreamTest, a_limit_leaves_the_rest_to_be_read) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        co_await a.write("0123456789");
        std::string seen;
        while (seen.size() < 10) {
            auto part = co_await b.read(3);
            EXPECT_LE(part.size(), 3u);
            seen += part.view();
        }
        EXPECT_EQ(seen, "0123456789");
        std::array<std::byte, 4> memory;
        co_await a.write("abcdefg");
        auto filled = co_await b.read_into(memory);
        EXPECT_EQ(Bytes(filled).view(), "abcd");
        auto rest = co_await b.read();
        EXPECT_EQ(rest.view(), "efg");
    };
    run(talk());
}

TEST_P(StreamTest, lines_and_separators_and_counts) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        co_await a.write("one\ntwo\r\nthree;;rest12345last");
        a.write_eof();
        auto one = co_await b.readline();
        EXPECT_EQ(one.view(), "one\n");
        auto two = co_await b.readuntil("\r\n");
        EXPECT_EQ(two.view(), "two\r\n");
        auto three = co_await b.readuntil(";;");
        EXPECT_EQ(three.view(), "three;;");
        auto word = co_await b.readexactly(4);
        EXPECT_EQ(word.view(), "rest");
        auto some = co_await b.read(5);
        EXPECT_EQ(some.view(), "12345");
        auto last = co_await b.readline();
        EXPECT_EQ(last.view(), "last");
        auto nothing = co_await b.readline();
        EXPECT_TRUE(nothing.empty());
    };
    run(talk());
}

TEST_P(StreamTest, an_end_too_soon_holds_what_did_come) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        co_await a.write("abc");
        a.write_eof();
        bool raised = false;
        try {
            co_await b.readexactly(5);
        } catch (const IncompleteReadError& error) {
            raised = true;
            EXPECT_EQ(error.partial().view(), "abc");
            EXPECT_EQ(error.expected(), 5u);
            EXPECT_STREQ(error.what(), "3 bytes read on a total of 5 expected bytes");
        }
        EXPECT_TRUE(raised);
    };
    run(talk());
}

// B024 of the pains: an overrun loses nothing.
TEST_P(StreamTest, a_line_past_its_limit_stays_to_be_read) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        co_await a.write(std::string(100, 'x') + "\nnext\n");
        bool raised = false;
        try {
            co_await b.readline(50);
        } catch (const LimitOverrunError&) {
            raised = true;
        }
        EXPECT_TRUE(raised);
        auto line = co_await b.readline();
        EXPECT_EQ(line.size(), 101u);
        auto next = co_await b.readline();
        EXPECT_EQ(next.view(), "next\n");
    };
    run(talk());
}

TEST_P(StreamTest, a_cancelled_readexactly_loses_no_byte) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        std::string all;
        for (int i = 0; i < 20; ++i) {
            co_await a.write("half");
            bool timed_out = false;
            try {
                auto data = co_await wait_for(b.readexactly(8), i % 2 ? Timeout(10s) : Timeout(1ms));
                all += data.view();
            } catch (const TimeoutError&) {
                timed_out = true;
            }
            EXPECT_EQ(timed_out, i % 2 == 0);
        }
        EXPECT_EQ(all.size(), 80u);
    };
    run(talk());
}

TEST_P(StreamTest, megabytes_arrive_whole_in_order_against_a_slow_reader) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        std::mt19937 random(7);
        std::string sent(5'000'000, '\0');
        for (char& c : sent) c = static_cast<char>(random());
        TaskGroup group;
        (void)group.spawn(send, &a, sent, true);
        std::string seen;
        while (true) {
            auto data = co_await b.read(1 + random() % 100'000);
            if (!data) break;
            seen += data.view();
            if (random() % 8 == 0) co_await sleep(0s);
        }
        co_await group.join();
        EXPECT_TRUE(seen == sent);
    };
    run(talk());
}

// What one connection has received must not become another's, also where a task has had its share of a turn.
TEST_P(StreamTest, many_streams_at_once_do_not_mix) {
    auto echo = [](Stream client) -> Task<> {
        while (auto data = co_await client.read()) co_await client.write(data);
    };
    auto talk = [](Address where, char letter) -> Task<std::size_t> {
        Stream stream = co_await open_connection(where);
        TaskGroup group;
        (void)group.spawn(send, &stream, std::string(3'000'000, letter), true);
        std::size_t seen = 0;
        while (auto data = co_await stream.read()) {
            EXPECT_EQ(data.view().find_first_not_of(letter), std::string_view::npos);
            seen += data.size();
        }
        co_await group.join();
        co_return seen;
    };
    auto all = [&]() -> Task<> {
        auto server = start_server(any_port, echo);
        TaskGroup group;
        std::vector<TaskHandle<std::size_t>> clients;
        for (char letter = 'a'; letter < 'i'; ++letter)
            clients.push_back(group.spawn(talk, server.addresses().front(), letter));
        co_await group.join();
        for (auto& client : clients) EXPECT_EQ(client.result(), 3'000'000u);
    };
    run(all());
}

// Pain 15: two writers do not interleave.
TEST_P(StreamTest, writes_of_two_tasks_go_out_whole) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        TaskGroup group;
        for (char c : {'a', 'b', 'c'}) (void)group.spawn(send, &a, std::string(2'000'000, c), false);
        std::string seen;
        while (seen.size() < 6'000'000) {
            auto data = co_await b.read();
            seen += data.view();
        }
        co_await group.join();
        for (std::size_t i = 0; i < 3; ++i) {
            std::string_view part = std::string_view(seen).substr(i * 2'000'000, 2'000'000);
            EXPECT_EQ(part.find_first_not_of(part.front()), std::string_view::npos);
        }
    };
    run(talk());
}

TEST_P(StreamTest, a_second_read_at_once_is_a_BusyError) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        auto read = [](Stream* stream) -> Task<std::size_t> {
            auto data = co_await stream->read();
            co_return data.size();
        };
        TaskGroup group;
        auto first = group.spawn(read, &b);
        co_await sleep(1ms);
        bool busy = false;
        try {
            co_await b.read();
        } catch (const BusyError&) {
            busy = true;
        }
        EXPECT_TRUE(busy);
        co_await a.write("x");
        co_await group.join();
        EXPECT_EQ(first.result(), 1u);
    };
    run(talk());
}

Task<std::string> read_bytewise(Stream* stream, std::size_t size) {
    std::string seen;
    while (seen.size() < size) {
        auto data = co_await stream->read(1);
        seen += data.view();
    }
    co_return seen;
}

TEST_P(StreamTest, who_gets_more_than_a_turn_is_worth_gets_their_own_bytes) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        auto [c, d] = co_await connected_pair();
        std::string one(1000, '1'), two(1000, '2');
        co_await a.write(one);
        co_await c.write(two);
        TaskGroup group;
        auto first = group.spawn(read_bytewise, &b, one.size());
        auto second = group.spawn(read_bytewise, &d, two.size());
        co_await group.join();
        EXPECT_EQ(first.result(), one);
        EXPECT_EQ(second.result(), two);
    };
    run(talk());
}

Task<> spin_until(const bool* done) {
    while (!*done) co_await sleep(0s);
}

TEST_P(StreamTest, who_spins_does_not_keep_a_socket_waiting) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        bool done = false;
        TaskGroup group;
        for (int i = 0; i < 3; ++i) (void)group.spawn(spin_until, &done);
        for (int i = 0; i < 100; ++i) {
            co_await a.write("ping");
            auto data = co_await b.read();
            EXPECT_EQ(data.view(), "ping");
        }
        done = true;
        co_await group.join();
    };
    run(talk());
}

TEST_P(StreamTest, abort_ends_who_lets_others_have_their_turn) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        std::string data(1000, 'x');
        co_await a.write(data);
        TaskGroup group;
        auto reading = group.spawn(read_bytewise, &b, data.size());
        co_await sleep(0s);
        b.abort();
        bool closed = false;
        try {
            co_await group.join();
        } catch (const ClosedError&) {
            closed = true;
        }
        EXPECT_TRUE(closed);
    };
    run(talk());
}

// B036: closing under a call that waits ends the call.
TEST_P(StreamTest, abort_ends_who_waits_with_ClosedError) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        auto read = [](Stream* stream) -> Task<> { co_await stream->read(); };
        TaskGroup group;
        auto reading = group.spawn(read, &b);
        co_await sleep(1ms);
        b.abort();
        bool closed = false;
        try {
            co_await group.join();
        } catch (const ClosedError&) {
            closed = true;
        }
        EXPECT_TRUE(closed);
        EXPECT_THROW(b.read(), ClosedError);
        co_await b.close();
        auto end = co_await a.try_read();
        EXPECT_TRUE(!end || end->empty());
    };
    run(talk());
}

TEST_P(StreamTest, a_write_to_who_has_gone_raises_an_error_that_names_the_peer) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        b.abort();
        std::string text;
        try {
            for (int i = 0; i < 1000; ++i) co_await a.write(std::string(10'000, 'x'));
        } catch (const ConnectionError& error) {
            text = error.what();
        }
        EXPECT_NE(text, "");
    };
    run(talk());
}

TEST_P(StreamTest, connections_that_cannot_be_raise_and_say_where) {
    auto refused = []() -> Task<> {
        Socket taken(AF_INET, SOCK_STREAM);  // bound, and nobody listens
        taken.bind({"127.0.0.1", 0});
        int port = taken.getsockname().port();
        std::string text;
        try {
            co_await open_connection({"127.0.0.1", port});
        } catch (const ConnectionRefusedError& error) {
            text = error.what();
        }
        EXPECT_EQ(text, "connect to 127.0.0.1:" + std::to_string(port) + ": connection refused");
        bool unknown = false;
        try {
            co_await open_connection({"no-such-host.invalid", 1});
        } catch (const GaiError&) {
            unknown = true;
        }
        EXPECT_TRUE(unknown);
    };
    run(refused());
}

TEST_P(StreamTest, names_are_found_and_all_their_addresses_tried) {
    auto talk = []() -> Task<> {
        auto echo = [](Stream client) -> Task<> {
            while (auto data = co_await client.read()) co_await client.write(data);
        };
        auto server = start_server(any_port, echo);
        Stream stream = co_await open_connection({"localhost", server.addresses().front().port()});
        co_await stream.write("by name");
        auto answer = co_await stream.readexactly(7);
        EXPECT_EQ(answer.view(), "by name");
    };
    run(talk());
}

TEST_P(StreamTest, abort_ends_a_waiting_writer_with_ClosedError) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        TaskGroup group;
        auto writing = group.spawn(send, &a, std::string(20'000'000, 'x'), false);  // nobody reads
        co_await sleep(5ms);
        a.abort();
        bool closed = false;
        try {
            co_await group.join();
        } catch (const ClosedError&) {
            closed = true;
        }
        EXPECT_TRUE(closed);
        EXPECT_FALSE(writing.cancelled());
    };
    run(talk());
}

// One answer may come in the same turn as what drops the stream: a reset, to who reads and to who writes.
TEST_P(StreamTest, a_reset_is_told_to_reader_and_writer_and_either_may_drop_the_stream) {
    auto talk = []() -> Task<> {
        for (int i = 0; i < 20; ++i) {
            auto [a, b] = co_await connected_pair();
            auto read_and_abort = [](Stream* stream) -> Task<> {
                auto data = co_await stream->try_read();
                EXPECT_TRUE(!data || data->empty());
                stream->abort();
            };
            auto write = [](Stream* stream) -> Task<> {
                std::string data(20'000'000, 'x');
                bool failed = false;
                try {
                    co_await stream->write(data);
                } catch (const OSError&) {
                    failed = true;
                }
                EXPECT_TRUE(failed);
            };
            TaskGroup group;
            (void)group.spawn(write, &a);
            (void)group.spawn(read_and_abort, &a);
            co_await sleep(1ms);
            b.abort();  // with unread input: a reset
            co_await group.join();
        }
    };
    run(talk());
}

TEST_P(StreamTest, a_read_of_nothing_says_nothing_of_the_end) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        std::string sent(100'000, 'y');
        TaskGroup group;
        (void)group.spawn(send, &a, sent, true);
        std::size_t seen = 0;
        bool ended = false;
        while (!ended) {
            auto nothing = co_await b.read(0);
            EXPECT_TRUE(nothing.empty());
            auto none = co_await b.read_into({});
            EXPECT_TRUE(none.empty());
            auto data = co_await b.read();
            seen += data.size();
            ended = data.empty();
        }
        EXPECT_EQ(seen, sent.size());
        co_await group.join();
    };
    run(talk());
}

TEST_P(StreamTest, one_that_outlives_its_loop_ends_the_program_and_says_so) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    auto keep = [](std::optional<Stream>* place) -> Task<> {
        auto [a, b] = co_await connected_pair();
        place->emplace(std::move(a));
    };
    std::optional<Stream> kept;
    EXPECT_DEATH(run(keep(&kept)), "1 of a loop's streams, servers or ports outlive it");
}

BIGHT_ON_EVERY_ENGINE(StreamTest);

}  // namespace
}  // namespace bight::asyncio

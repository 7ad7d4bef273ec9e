// SPDX-License-Identifier: BSL-1.0
#include <bight/file.h>

#include <bight/socket.h>

#include "blocking/read_pace.h"
#include "support/descriptors.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

namespace bight {
namespace {

using namespace std::chrono_literals;

struct Pair {
    socket::SocketPair sockets = socket::socketpair();
    Socket& near = sockets.first;
    Socket& far = sockets.second;
    void say(Bytes text) { far.sendall(text); }
    void finish() { far.shutdown(SHUT_WR); }
};

TEST(BufferedReader, reads_lines_with_their_newlines) {
    Pair pair;
    pair.say("one\ntwo\r\n\nlast");
    pair.finish();
    auto file = pair.near.makefile(socket::rb);
    EXPECT_EQ(file.readline(), "one\n");
    EXPECT_EQ(file.readline(), "two\r\n");
    EXPECT_EQ(file.readline(), "\n");
    EXPECT_EQ(file.readline(), "last");
    EXPECT_FALSE(file.readline());
    EXPECT_FALSE(file.readline());
}

// T-SPLIT: the same lines, wherever the stream is cut and however small the buffer is.
TEST(BufferedReader, lines_are_the_same_for_every_split) {
    const std::string text = "a\nbb\n\nccc\r\nd";
    for (std::size_t split = 0; split <= text.size(); ++split)
        for (std::size_t buffering : {1u, 2u, 3u, 5u, 100u}) {
            Pair pair;
            pair.say(std::string_view(text).substr(0, split));
            auto file = pair.near.makefile(socket::rb, buffering);
            if (split != 0) (void)file.peek();  // the first part is taken before the second is there
            pair.say(std::string_view(text).substr(split));
            pair.finish();
            std::vector<std::string> lines;
            while (auto line = file.readline()) lines.push_back(line.to_string());
            EXPECT_EQ(lines, (std::vector<std::string>{"a\n", "bb\n", "\n", "ccc\r\n", "d"}))
                << split << ' ' << buffering;
        }
}

TEST(BufferedReader, readuntil_finds_a_separator_wherever_it_is_cut) {
    const std::string text = "a\r\nb\r\r\nc";
    for (std::size_t split = 0; split <= text.size(); ++split) {
        Pair pair;
        pair.say(std::string_view(text).substr(0, split));
        auto file = pair.near.makefile(socket::rb, 1);
        if (split != 0) (void)file.peek();
        pair.say(std::string_view(text).substr(split));
        pair.finish();
        EXPECT_EQ(file.readuntil("\r\n"), "a\r\n");
        EXPECT_EQ(file.readuntil("\r\n"), "b\r\r\n");
        EXPECT_EQ(file.readuntil("\r\n"), "c");
        EXPECT_FALSE(file.readuntil("\r\n"));
    }
    EXPECT_THROW(BufferedReader(Buffer::copy_of("x")).readuntil(""), ValueError);
}

TEST(BufferedReader, is_a_range_of_lines) {
    Pair pair;
    pair.say("one\ntwo\nlast");
    pair.finish();
    auto file = pair.near.makefile(socket::rb);
    std::string all;
    for (auto& line : file) all += line.to_string() + '|';
    EXPECT_EQ(all, "one\n|two\n|last|");
}

TEST(Files, both_ways_in_one) {
    Pair pair;
    auto file = pair.near.makefile(socket::rwb);
    file.write("question\n");
    file.flush();
    EXPECT_EQ(pair.far.recv(100), "question\n");
    pair.say("answer\n");
    EXPECT_EQ(file.readline(), "answer\n");
    file.write("bye");
    file.close();
    EXPECT_TRUE(file.closed());
    EXPECT_EQ(pair.far.recv(100), "bye");
}

// B113, B114: an endless line is an error, and no byte of it is lost.
TEST(BufferedReader, a_line_past_its_limit_stays_in_the_reader) {
    Pair pair;
    pair.say("0123456789\nnext\n");
    pair.finish();
    auto file = pair.near.makefile(socket::rb);
    try {
        file.readline(10);
        ADD_FAILURE();
    } catch (const LimitOverrunError& error) {
        EXPECT_GE(error.consumed(), 11u);
    }
    EXPECT_THROW(file.readline(5), LimitOverrunError);
    EXPECT_EQ(file.read(4), "0123");
    EXPECT_EQ(file.readline(7), "456789\n");
    EXPECT_EQ(file.readline(), "next\n");
}

TEST(BufferedReader, an_endless_line_costs_no_more_than_its_limit) {
    Pair pair;
    std::thread writer([&] {
        std::string flood(std::size_t{1} << 16, 'x');
        while (pair.far.try_sendall(flood)) {}
    });
    auto file = pair.near.makefile(socket::rb);
    try {
        file.readline();
        ADD_FAILURE();
    } catch (const LimitOverrunError& error) {
        EXPECT_LE(error.consumed(), 2 * default_line_limit);
    }
    file.close();
    pair.near.shutdown(SHUT_RDWR);
    writer.join();
}

TEST(BufferedReader, skip_line_goes_on_behind_it) {
    Pair pair;
    pair.say(std::string(30000, 'x') + "\nnext\nrest");
    pair.finish();
    auto file = pair.near.makefile(socket::rb);
    EXPECT_THROW(file.readline(100), LimitOverrunError);
    EXPECT_TRUE(file.skip_line());
    EXPECT_EQ(file.readline(), "next\n");
    EXPECT_FALSE(file.skip_line());
}

TEST(BufferedReader, read_waits_for_all_and_read1_for_some) {
    Pair pair;
    auto file = pair.near.makefile(socket::rb);
    pair.say("abc");
    EXPECT_EQ(file.read1(100), "abc");
    std::thread later([&] {
        pair.say("def");
        pair.say("gh");
        pair.finish();
    });
    EXPECT_EQ(file.read(4), "defg");
    later.join();
    EXPECT_EQ(file.read(4), "h");
    EXPECT_FALSE(file.read(4));
    EXPECT_FALSE(file.read(0));
}

TEST(BufferedReader, readinto_peek_and_read_all) {
    Pair pair;
    pair.say("abcdefgh");
    pair.finish();
    auto file = pair.near.makefile(socket::rb, 3);
    EXPECT_EQ(file.peek().slice(0, 1), "a");
    std::array<std::byte, 4> memory{};
    EXPECT_EQ(Bytes(file.readinto(memory)), "abcd");
    EXPECT_THROW(file.read_all(2), LimitOverrunError);
    EXPECT_EQ(file.read_all(), "efgh");
    EXPECT_TRUE(file.readinto(memory).empty());
}

TEST(BufferedReader, a_timeout_ends_its_use) {
    Pair pair;
    pair.near.settimeout(5ms);
    auto file = pair.near.makefile(socket::rb);
    pair.say("half");
    EXPECT_THROW(file.readline(), TimeoutError);
    pair.say(" a line\n");
    try {
        file.readline();
        ADD_FAILURE();
    } catch (const TimeoutError&) {
        ADD_FAILURE() << "the second refusal is no time-out";
    } catch (const OSError& error) {
        EXPECT_NE(std::string(error.what()).find("cannot read from timed out object"), std::string::npos);
    }
}

TEST(BufferedReader, what_was_moved_from_is_closed) {
    Pair pair;
    pair.say("0123456789");
    auto file = pair.near.makefile(socket::rb);
    EXPECT_EQ(file.read(2), "01");
    auto moved = std::move(file);
    EXPECT_TRUE(file.closed());
    EXPECT_THROW(file.readline(), ValueError);
    EXPECT_EQ(moved.read(2), "23");
}

// Without a buffer not a byte more than asked for: a second file, or the socket itself, can go on.
TEST(BufferedReader, unbuffered_takes_no_byte_too_many) {
    Pair pair;
    pair.say("abc\ndefgh");
    auto file = pair.near.makefile(socket::rb, 0);
    EXPECT_EQ(file.readline(), "abc\n");
    EXPECT_EQ(file.read(2), "de");
    EXPECT_EQ(pair.near.recv(100), "fgh");
}

TEST(BufferedReader, an_error_half_way_loses_nothing) {
    Pair pair;
    pair.near.setblocking(false);
    pair.say("half");
    auto file = pair.near.makefile(socket::rb);
    std::array<std::byte, 8> memory{};
    EXPECT_THROW(file.readinto(memory), BlockingIOError);
    EXPECT_THROW(file.read(8), BlockingIOError);
    pair.say("full");
    EXPECT_EQ(file.read(8), "halffull");
}

TEST(BufferedReader, over_bytes) {
    BufferedReader file(Buffer::copy_of("one\ntwo"));
    EXPECT_EQ(file.readline(), "one\n");
    EXPECT_EQ(file.read(100), "two");
    EXPECT_FALSE(file.readline());
    EXPECT_THROW(file.fileno(), ValueError);
}

// The socket and its files share the descriptor; the last of them closes it.
TEST(Files, live_and_close_apart_from_the_socket) {
    Pair pair;
    auto reader = pair.near.makefile(socket::rb);
    auto writer = pair.near.makefile(socket::wb);
    int number = pair.near.fileno();
    EXPECT_EQ(reader.fileno(), number);
    pair.near.close();
    EXPECT_EQ(pair.near.fileno(), -1);
    pair.say("still\n");
    EXPECT_EQ(reader.readline(), "still\n");
    reader.close();
    reader.close();
    writer.write("here");
    writer.flush();
    EXPECT_EQ(pair.far.recv(10), "here");
    writer.close();
    EXPECT_FALSE(pair.far.recv(10));  // now it is closed
}

TEST(Files, closing_them_leaves_the_socket) {
    Pair pair;
    { auto file = pair.near.makefile(socket::rb); }
    pair.near.sendall("on");
    EXPECT_EQ(pair.far.recv(10), "on");
}

TEST(Files, a_closed_one_refuses) {
    Pair pair;
    auto reader = pair.near.makefile(socket::rb);
    auto writer = pair.near.makefile(socket::wb);
    reader.close();
    writer.close();
    EXPECT_TRUE(reader.closed());
    EXPECT_TRUE(writer.closed());
    EXPECT_THROW(reader.readline(), ValueError);
    EXPECT_THROW(reader.fileno(), ValueError);
    EXPECT_THROW(writer.write("x"), ValueError);
    EXPECT_THROW(writer.flush(), ValueError);
    EXPECT_THROW(BufferedReader().read(1), ValueError);
}

TEST(BufferedWriter, buffers_until_it_is_full_or_flushed) {
    Pair pair;
    pair.far.setblocking(false);
    auto file = pair.near.makefile(socket::wb, 8);
    EXPECT_EQ(file.write("1234"), 4u);
    EXPECT_THROW(pair.far.recv(100), BlockingIOError);
    file.write("56789");  // does not fit: what was there goes first
    EXPECT_EQ(pair.far.recv(100), "1234");
    file.flush();
    EXPECT_EQ(pair.far.recv(100), "56789");
    file.write("a line that is longer than the buffer");
    EXPECT_EQ(pair.far.recv(100), "a line that is longer than the buffer");
}

TEST(BufferedWriter, unbuffered_sends_at_once_and_all) {
    Pair pair;
    auto file = pair.near.makefile(socket::wb, 0);
    std::string big(std::size_t{3} << 20, 'w'), got;
    testing::Faults faults([calls = 0](sys::Call call) mutable -> sys::Fault {
        return call == sys::Call::send && ++calls % 2 == 0 ? sys::Fault{EINTR} : sys::Fault{};
    });
    std::thread reader([&] {
        while (auto data = pair.far.recv(65536)) got += data.view();
    });
    EXPECT_EQ(file.write(big), big.size());
    pair.near.shutdown(SHUT_WR);
    reader.join();
    EXPECT_EQ(got, big);
}

TEST(BufferedWriter, keeps_what_it_could_not_send) {
    Pair pair;
    auto file = pair.near.makefile(socket::wb, 100);
    file.write("kept");
    {
        testing::Faults faults(testing::fail(sys::Call::send, ENOBUFS));
        EXPECT_THROW(file.flush(), OSError);
    }
    file.flush();
    EXPECT_EQ(pair.far.recv(100), "kept");
}

// Half of the buffer went out before the error: the rest follows, and nothing twice.
TEST(BufferedWriter, sends_nothing_twice) {
    Pair pair;
    auto file = pair.near.makefile(socket::wb, 100);
    file.write("0123456789");
    {
        testing::Faults faults([calls = 0](sys::Call call) mutable -> sys::Fault {
            if (call != sys::Call::send) return {};
            return ++calls == 1 ? sys::Fault{0, 4} : sys::Fault{ENOBUFS};
        });
        EXPECT_THROW(file.flush(), OSError);
    }
    file.write("ab");
    file.flush();
    EXPECT_EQ(pair.far.recv(100), "0123456789ab");
}

TEST(BufferedWriter, takes_the_data_also_if_it_raises) {
    Pair pair;
    pair.near.setblocking(false);
    auto file = pair.near.makefile(socket::wb, 0);
    std::string sent(std::size_t{2} << 20, 'w'), got;
    EXPECT_THROW(file.write(sent), BlockingIOError);
    while (got.size() < sent.size()) {
        try {
            file.flush();
        } catch (const BlockingIOError&) {}
        got += pair.far.recv(65536).view();
    }
    EXPECT_EQ(got, sent);
}

TEST(BufferedWriter, on_a_non_blocking_socket_loses_nothing) {
    Pair pair;
    pair.near.setblocking(false);
    auto file = pair.near.makefile(socket::wb, std::size_t{1} << 20);
    std::string sent(std::size_t{1} << 20, '\0'), got;
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 7 + i / 251);
    file.write(sent);
    while (got.size() < sent.size()) {
        try {
            file.flush();
        } catch (const BlockingIOError&) {}
        got += pair.far.recv(65536).view();
    }
    EXPECT_EQ(got, sent);
}

// ---- Pace. -------------------------------------------------------------------------------------------------------------

TEST(ReadPace, beyond_the_end_of_the_clock_there_is_no_limit) {
    ReadPace pace;
    EXPECT_EQ(pace.end(std::nullopt), sys::TimePoint::max());
    EXPECT_EQ(pace.end(Duration::max()), sys::TimePoint::max());
    pace.least_rate = 1;
    pace.count(1);
    EXPECT_EQ(pace.end(std::nullopt), pace.first_byte + 1s);
    pace.count(std::size_t{20'000'000'000});  // seconds, of which the clock has about nine thousand million
    EXPECT_EQ(pace.end(std::nullopt), sys::TimePoint::max());
    pace.grace = Duration::max();
    EXPECT_EQ(pace.end(std::nullopt), sys::TimePoint::max());
    EXPECT_LT(pace.end(1s), sys::TimePoint::max());
}

}  // namespace
}  // namespace bight

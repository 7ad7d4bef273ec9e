// SPDX-License-Identifier: BSL-1.0
#include <bight/iostream.h>

#include "support/disturbances.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

namespace bight {
namespace {

using namespace std::chrono_literals;

TEST(SocketStream, formats_and_parses) {
    auto [near, far] = socket::socketpair();
    SocketStream stream(near), other(far);
    stream << "answer " << 42 << ' ' << 2.5 << '\n' << std::flush;
    std::string word;
    int number = 0;
    double fraction = 0;
    other >> word >> number >> fraction;
    EXPECT_EQ(word, "answer");
    EXPECT_EQ(number, 42);
    EXPECT_EQ(fraction, 2.5);
}

TEST(SocketStream, lines_to_the_end) {
    auto [near, far] = socket::socketpair();
    far.sendall("one\ntwo\nlast");
    far.close();
    SocketStream stream(near, 3);
    std::string line, all;
    while (std::getline(stream, line)) all += line + '|';
    EXPECT_EQ(all, "one|two|last|");
    EXPECT_TRUE(stream.eof());
    EXPECT_FALSE(stream.bad());
}

TEST(SocketStream, a_read_sends_the_question_first) {
    auto [near, far] = socket::socketpair();
    std::thread server([&far] { far.sendall(far.recv(100)); });
    SocketStream stream(near);
    stream << "echo\n";  // not flushed
    std::string line;
    std::getline(stream, line);
    EXPECT_EQ(line, "echo");
    server.join();
}

TEST(SocketStream, large_output_arrives_whole) {
    auto [near, far] = socket::socketpair();
    std::string sent(std::size_t{1} << 20, 's'), got;
    std::thread reader([&] {
        while (auto data = far.recv(65536)) got += data.view();
    });
    {
        SocketStream stream(near, 100);
        stream << sent << std::flush;
    }
    near.shutdown(SHUT_WR);
    reader.join();
    EXPECT_EQ(got, sent);
}

TEST(SocketStream, goes_bad_and_says_why) {
    auto [near, far] = socket::socketpair();
    near.settimeout(5ms);
    SocketStream stream(near);
    std::string line;
    EXPECT_FALSE(std::getline(stream, line));
    EXPECT_TRUE(stream.bad());
    EXPECT_EQ(stream.error(), std::errc::timed_out);
    far.close();
    SocketStream other(near);
    other << "x" << std::flush;
    EXPECT_TRUE(other.bad());
    EXPECT_EQ(other.error().number(), EPIPE);
}

// A lost connection is no clean end, also where it shows in the flush before a read.
TEST(SocketStream, a_question_that_cannot_be_sent_is_no_end) {
    auto [near, far] = socket::socketpair();
    SocketStream stream(near);
    far.close();
    stream << "question\n";
    std::string line;
    while (std::getline(stream, line)) ADD_FAILURE() << line;
    EXPECT_TRUE(stream.bad());
    EXPECT_FALSE(stream.eof());
    EXPECT_EQ(stream.error().number(), EPIPE);
}

TEST(SocketStream, a_hook_that_raises_makes_it_bad_and_is_told) {
    auto [near, far] = socket::socketpair();
    SocketStream stream(near);
    testing::RaisingHook hook;
    {
        testing::Faults faults(testing::fail(sys::Call::send, EINTR));
        stream << "x" << std::flush;
    }
    EXPECT_TRUE(stream.bad());
    EXPECT_EQ(stream.error(), std::errc::interrupted);
    stream.clear();
    far.sendall("line\n");
    std::string line;
    {
        testing::Faults faults(testing::fail(sys::Call::recv, EINTR));
        std::getline(stream, line);
    }
    EXPECT_TRUE(stream.bad());
    EXPECT_EQ(stream.error(), std::errc::interrupted);
    stream.clear();
    stream << std::unitbuf << "y";  // flushed by a destructor, which must not raise
    EXPECT_EQ(far.recv(100), "xy");
    testing::Faults faults(testing::fail(sys::Call::send, EINTR));
    stream << "z";
    EXPECT_TRUE(stream.bad());
}

TEST(SocketStream, goes_on_after_clear_and_forgets_the_error) {
    auto [near, far] = socket::socketpair();
    near.setblocking(false);
    SocketStream stream(near);
    std::string line;
    std::getline(stream, line);
    EXPECT_EQ(stream.error(), std::errc::resource_unavailable_try_again);
    far.sendall("line\n");
    stream.clear();
    std::getline(stream, line);
    EXPECT_EQ(line, "line");
    EXPECT_EQ(stream.error().number(), 0);
}

TEST(SocketStream, sends_nothing_twice) {
    auto [near, far] = socket::socketpair();
    SocketStream stream(near);
    stream << "0123456789";
    {
        testing::Faults faults([calls = 0](sys::Call call) mutable -> sys::Fault {
            if (call != sys::Call::send) return {};
            return ++calls == 1 ? sys::Fault{0, 4} : sys::Fault{ENOBUFS};
        });
        stream << std::flush;
    }
    EXPECT_TRUE(stream.bad());
    EXPECT_EQ(stream.error().number(), ENOBUFS);
    stream.clear();
    stream << "ab" << std::flush;
    EXPECT_EQ(far.recv(100), "0123456789ab");
}

}  // namespace
}  // namespace bight

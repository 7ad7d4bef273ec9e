// SPDX-License-Identifier: BSL-1.0
/// Descriptors on their way over the streams of coroutines.
#include "asyncio/engines.h"

#include <bight/message.h>
#include <bight/socket.h>

#include "support/descriptors.h"
#include "support/faults.h"
#include "sys/calls.h"

#include <array>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace bight::asyncio {
namespace {

using socket::ReceivedFds;
using testing::open_descriptors;

struct FdsTest : OnEveryEngine {};
struct FdsEverywhereTest : OnEveryEngine {};

/// Two ends of a Unix connection.
Pair unix_pair() {
    auto [a, b] = socket::socketpair();
    return {open_stream(std::move(a)), open_stream(std::move(b))};
}

/// A list made beforehand: g++ 12 cannot have it made of braces within a co_await.
template <class... Number>
std::vector<int> fds(Number... numbers) {
    return {numbers...};
}

Task<> send(Stream* stream, std::string data, std::vector<int> numbers) { co_await stream->send_fds(data, numbers); }

Task<> receive(Stream* stream, ReceivedFds* received, std::size_t size = 1000, std::size_t most = 10) {
    *received = co_await stream->recv_fds(size, most);
}

Task<int> errnum_of(Task<> call) {
    int errnum = 0;
    try {
        co_await std::move(call);
    } catch (const OSError& error) {
        errnum = error.errnum();
    }
    co_return errnum;
}

TEST_P(FdsTest, arrive_with_their_data_close_on_exec_and_work) {
    auto talk = []() -> Task<> {
        auto [a, b] = unix_pair();
        auto [inside, outside] = socket::socketpair();
        co_await send(&a, "here", fds(inside.fileno(), outside.fileno()));
        inside.close();
        ReceivedFds received;
        co_await receive(&b, &received);
        EXPECT_EQ(received.data, "here");
        EXPECT_EQ(received.flags, 0);
        EXPECT_EQ(received.fds.size(), 2u);
        for (const auto& fd : received.fds) EXPECT_FALSE(sys::is_inheritable(fd.fileno()).value());
        Stream passed = open_stream(Socket::adopt(received.fds.at(0).detach()));
        co_await passed.write("through");
        EXPECT_EQ(outside.recv(100), "through");
    };
    run(talk());
}

TEST_P(FdsTest, many_pass_both_ways_each_with_its_own_message_and_none_leaks) {
    auto talk = []() -> Task<> {
        auto [a, b] = unix_pair();
        auto [near, far] = socket::socketpair();
        auto before = open_descriptors();
        auto answer = [](Stream* stream) -> Task<> {
            while (true) {
                auto received = co_await stream->recv_fds(100, 16);
                if (received.data.empty()) co_return;
                std::vector<int> numbers;
                for (const auto& fd : received.fds) numbers.push_back(fd.fileno());
                co_await send(stream, received.data.to_string(), numbers);
            }
        };
        TaskGroup group;
        (void)group.spawn(answer, &b);
        for (unsigned i = 0; i < 200; ++i) {
            co_await send(&a, std::to_string(i), std::vector<int>(i % 17, near.fileno()));
            ReceivedFds received;
            co_await receive(&a, &received, 100, 16);
            EXPECT_EQ(received.data, std::to_string(i));
            EXPECT_EQ(received.fds.size(), i % 17);
        }
        a.write_eof();
        co_await group.join();
        EXPECT_EQ(open_descriptors(), before);
    };
    run(talk());
}

TEST_P(FdsTest, of_any_number_up_to_the_most_and_what_is_more_is_closed_and_told) {
    auto talk = []() -> Task<> {
        auto [a, b] = unix_pair();
        auto before = open_descriptors();
        for (std::size_t sent : {1u, 3u, 253u}) {
            for (std::size_t wanted : {0u, 2u, 253u}) {
                co_await send(&a, "x", std::vector<int>(sent, a.fileno()));
                ReceivedFds received;
                co_await receive(&b, &received, 1, wanted);
                EXPECT_EQ(received.data, "x");
                EXPECT_EQ(received.fds.size(), std::min(sent, wanted));
                EXPECT_EQ(received.flags, sent > wanted ? MSG_CTRUNC : 0);
                EXPECT_EQ(open_descriptors(), before + std::min(sent, wanted));
            }
        }
        EXPECT_EQ(open_descriptors(), before);
    };
    run(talk());
}

TEST_P(FdsTest, a_plain_read_closes_what_comes_with_its_bytes) {
    auto talk = []() -> Task<> {
        auto [a, b] = unix_pair();
        auto before = open_descriptors();
        for (int i = 0; i < 3; ++i) {
            co_await send(&a, "word\n", fds(a.fileno(), b.fileno()));
            auto line = co_await b.readline();
            EXPECT_EQ(line.view(), "word\n");
        }
        EXPECT_EQ(open_descriptors(), before);
        b.expect_fds();
        co_await send(&a, "x", fds(a.fileno()));
        ReceivedFds received;
        co_await receive(&b, &received);
        EXPECT_EQ(received.fds.size(), 1u);
    };
    run(talk());
}

TEST_P(FdsTest, a_plain_read_goes_on_behind_what_came_with_them) {
    auto talk = []() -> Task<> {
        auto [a, b] = unix_pair();
        std::array<std::byte, 100> memory;
        for (bool into : {false, true}) {
            for (bool with_credentials : {false, true}) {
                std::string sent, received;
                if (with_credentials) {  // from now on: what was sent before has none, and is not joined with what has
                    co_await a.write("anonymous,");
                    sent += "anonymous,";
                }
                sys::setsockopt_int(b.fileno(), SOL_SOCKET, SO_PASSCRED, with_credentials).value();
                if (with_credentials) {
                    co_await a.write("known,");
                    sent += "known,";
                }
                for (int i = 0; i < 3; ++i) {  // all of it is there before the first read, and tells of itself once
                    co_await a.write("plain,");
                    co_await send(&a, "with,", fds(a.fileno()));
                    sent += "plain,with,";
                }
                co_await a.write("end");
                sent += "end";
                while (received.size() < sent.size()) {
                    if (into) {
                        Bytes data = co_await b.read_into(memory);
                        received += data.view();
                    } else {
                        auto data = co_await b.read();
                        received += data.view();
                    }
                }
                EXPECT_EQ(received, sent);
            }
        }
    };
    run(talk());
}

TEST_P(FdsTest, wait_for_recv_fds_once_it_is_said_that_they_are_expected) {
    auto talk = []() -> Task<> {
        for (bool from_the_begin : {true, false}) {
            auto [a, b] = unix_pair();
            if (from_the_begin) b.expect_fds();
            co_await a.write("first");
            auto first = co_await b.read();
            EXPECT_EQ(first.view(), "first");
            if (!from_the_begin) b.expect_fds();
            co_await sleep(1ms);
            for (int i = 0; i < 6; ++i) co_await send(&a, std::to_string(i), fds(a.fileno()));
            co_await sleep(1ms);
            for (int i = 0; i < 6; ++i) {
                ReceivedFds received;
                co_await receive(&b, &received);
                EXPECT_EQ(received.data, std::to_string(i));
                EXPECT_EQ(received.fds.size(), 1u);
            }
            co_await a.write("plain");
            auto last = co_await b.read();
            EXPECT_EQ(last.view(), "plain");
        }
    };
    run(talk());
}

TEST_P(FdsTest, what_was_read_ahead_comes_first_without_any) {
    auto talk = []() -> Task<> {
        auto [a, b] = unix_pair();
        co_await a.write("line\nrest");
        auto line = co_await b.readline();
        EXPECT_EQ(line.view(), "line\n");
        b.expect_fds();
        co_await sleep(1ms);
        co_await send(&a, "x", fds(a.fileno()));
        ReceivedFds received;
        co_await receive(&b, &received, 2);
        EXPECT_EQ(received.data, "re");
        EXPECT_EQ(received.fds.size(), 0u);
        co_await receive(&b, &received, 100);
        EXPECT_EQ(received.data, "st");
        co_await receive(&b, &received, 100);
        EXPECT_EQ(received.data, "x");
        EXPECT_EQ(received.fds.size(), 1u);
    };
    run(talk());
}

TEST_P(FdsTest, a_cancelled_wait_for_them_has_taken_none) {
    auto talk = []() -> Task<> {
        auto [a, b] = unix_pair();
        for (int i = 0; i < 20; ++i) {
            TaskGroup group;
            ReceivedFds received, next;
            auto waiting = group.spawn(receive, &b, &received, std::size_t{1000}, std::size_t{10});
            if (i % 2 == 0) co_await sleep(Duration::zero());
            co_await send(&a, "x", fds(a.fileno(), b.fileno()));
            if (i % 4 < 2) co_await sleep(Duration::zero());
            waiting.cancel();
            co_await group.join();
            if (waiting.cancelled()) {
                EXPECT_TRUE(received.data.empty() && received.fds.empty());
                co_await receive(&b, &received);
            }
            EXPECT_EQ(received.data, "x");
            EXPECT_EQ(received.fds.size(), 2u);
        }
    };
    run(talk());
}

TEST_P(FdsTest, without_room_they_wait_and_a_cancelled_one_has_sent_nothing) {
    auto talk = []() -> Task<> {
        auto [near, far] = socket::socketpair();
        near.setblocking(false);
        std::string filler(4096, 'f');
        std::size_t filled = 0;
        while (auto count = near.try_send(filler)) filled += *count;
        far.settimeout(10s);
        Stream a = open_stream(std::move(near));
        TaskGroup group;
        auto given_up = group.spawn(send, &a, std::string("never"), std::vector<int>{a.fileno()});
        auto waiting = group.spawn(send, &a, std::string("at last"), std::vector<int>{a.fileno()});
        auto behind = group.spawn(send, &a, std::string(" and more"), std::vector<int>{});
        co_await sleep(5ms);
        EXPECT_FALSE(given_up.done() || waiting.done());
        given_up.cancel();
        co_await sleep(1ms);
        EXPECT_TRUE(given_up.cancelled());
        while (filled > 0) {
            auto received = socket::recv_fds(far, filled, 10);
            filled -= received.data.size();
            EXPECT_EQ(received.fds.size(), 0u);
        }
        co_await group.join();
        auto received = socket::recv_fds(far, 7, 10);
        EXPECT_EQ(received.data, "at last");
        EXPECT_EQ(received.fds.size(), 1u);
        EXPECT_EQ(far.recv(100), " and more");
    };
    run(talk());
}

TEST_P(FdsTest, go_once_with_the_first_of_much_data) {
    auto talk = []() -> Task<> {
        auto [a, b] = unix_pair();
        std::string much(5'000'000, 'm');
        TaskGroup group;
        auto sending = group.spawn(send, &a, much, std::vector<int>{a.fileno()});
        std::size_t got = 0, passed = 0;
        while (got < much.size()) {
            ReceivedFds received;
            co_await receive(&b, &received, 100'000);
            EXPECT_EQ(received.fds.size(), got == 0 ? 1u : 0u);
            got += received.data.size();
            passed += received.fds.size();
        }
        co_await group.join();
        EXPECT_EQ(passed, 1u);
        sending.result();
    };
    run(talk());
}

TEST_P(FdsTest, go_once_where_little_is_moved_at_a_time) {
    if (!sys::seam::built) GTEST_SKIP() << "built without fault injection";
    auto talk = []() -> Task<> {
        auto [a, b] = unix_pair();
        testing::Faults disturb([](sys::Call call) -> sys::Fault {
            if (call != sys::Call::sendmsg && call != sys::Call::recvmsg) return {};
            return {0, 1};
        });
        co_await send(&a, "word", fds(a.fileno()));
        for (char expected : std::string_view("word")) {
            ReceivedFds received;
            co_await receive(&b, &received);
            EXPECT_EQ(received.data.view(), std::string_view(&expected, 1));
            EXPECT_EQ(received.fds.size(), expected == 'w' ? 1u : 0u);
        }
    };
    run(talk());
}

TEST_P(FdsTest, what_cannot_be_sent_is_an_error_and_ends_nothing) {
    auto talk = []() -> Task<> {
        auto [a, b] = unix_pair();
        int bad = co_await errnum_of(send(&a, "x", fds(-1)));
        EXPECT_EQ(bad, EBADF);
        int many = co_await errnum_of(send(&a, "x", std::vector<int>(254, a.fileno())));
        EXPECT_EQ(many, EINVAL);
        int refused = 0;
        try {
            co_await send(&a, "", fds(a.fileno()));
        } catch (const ValueError&) {
            ++refused;
        }
        try {
            co_await b.recv_fds(1, 254);
        } catch (const ValueError&) {
            ++refused;
        }
        EXPECT_EQ(refused, 2);
        co_await send(&a, "", fds());
        co_await send(&a, "x", fds(a.fileno()));
        ReceivedFds received;
        co_await receive(&b, &received);
        EXPECT_EQ(received.fds.size(), 1u);
        received.fds.clear();  // it is one of this connection's own

        TaskGroup group;
        auto first = group.spawn(receive, &b, &received, std::size_t{1}, std::size_t{1});
        co_await sleep(Duration::zero());
        bool busy = false;
        try {
            co_await b.recv_fds(1, 1);
        } catch (const BusyError&) {
            busy = true;
        }
        EXPECT_TRUE(busy);
        a.abort();
        co_await group.join();
        EXPECT_TRUE(received.data.empty());
        int gone = co_await errnum_of(send(&b, "x", fds(b.fileno())));
        EXPECT_EQ(gone, EPIPE);
    };
    run(talk());
}

TEST_P(FdsTest, that_nobody_takes_are_closed_with_what_brought_them) {
    auto before = open_descriptors();
    auto talk = []() -> Task<> {
        auto [a, b] = unix_pair();
        // The loop's end finds one that waits, and descriptors on their way to it.
        auto wait = [](Stream stream) -> Task<> {
            auto received = co_await stream.recv_fds(10, 10);
            (void)received;
        };
        auto waiting = get_running_loop().create_task(wait(std::move(b)));
        co_await sleep(Duration::zero());
        co_await send(&a, "x", fds(a.fileno()));
        auto nothing = co_await a.recv_fds(0, 1);
        EXPECT_TRUE(nothing.data.empty());
    };
    run(talk());
    EXPECT_EQ(open_descriptors(), before);
}

TEST_P(FdsEverywhereTest, are_refused_where_they_cannot_pass) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        int sending = co_await errnum_of(send(&a, "x", fds(0)));
        ReceivedFds received;
        int receiving = co_await errnum_of(receive(&b, &received));
        int expecting = 0;
        try {
            b.expect_fds();
        } catch (const OSError& error) {
            expecting = error.errnum();
        }
        EXPECT_EQ(sending, EOPNOTSUPP);
        EXPECT_EQ(receiving, EOPNOTSUPP);
        EXPECT_EQ(expecting, EOPNOTSUPP);
        co_await a.write("goes on");
        auto data = co_await b.read();
        EXPECT_EQ(data.view(), "goes on");
    };
    run(talk());
}

BIGHT_ON_KERNEL_ENGINES(FdsTest);
BIGHT_ON_EVERY_ENGINE(FdsEverywhereTest);

}  // namespace
}  // namespace bight::asyncio

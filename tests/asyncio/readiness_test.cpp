// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/readiness.h>

#include <bight/file_descriptor.h>
#include <bight/socket.h>

#include "asyncio/common_tasks.h"
#include "asyncio/engines.h"
#include "support/descriptors.h"
#include "sys/calls.h"

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace bight::asyncio {
namespace {

struct ReadinessTest : OnEveryEngine {};

Task<> wait_readable(int fd) { co_await readable(fd); }

TEST_P(ReadinessTest, a_descriptor_is_waited_for_by_tasks) {
    auto talk = []() -> Task<> {
        auto [a, b] = socket::socketpair();
        co_await writable(a.fileno());
        TaskGroup group;
        auto one = group.spawn(wait_readable, b.fileno());
        auto two = group.spawn(wait_readable, b.fileno());
        co_await settle();
        EXPECT_FALSE(one.done());
        a.sendall("x");
        co_await group.join();
        EXPECT_TRUE(one.done() && two.done());
        co_await readable(b.fileno());  // as it still is
        EXPECT_EQ(b.recv(10).view(), "x");
        bool timed_out = false;
        try {
            co_await wait_for(readable(b.fileno()), 1ms);
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        a.close();
        co_await readable(b.fileno());  // the end
        EXPECT_FALSE(b.recv(10));
    };
    auto before = testing::open_descriptors();
    run(talk());
    EXPECT_EQ(testing::open_descriptors(), before);
}

// B037: the caller's flags are not touched.
TEST_P(ReadinessTest, the_flags_of_a_borrowed_descriptor_stay) {
    auto talk = []() -> Task<> {
        auto [a, b] = socket::socketpair();
        for (bool nonblocking : {false, true}) {
            sys::set_nonblocking(b.fileno(), nonblocking).value();
            co_await writable(b.fileno());
            auto never = [] {};
            get_running_loop().add_reader(b.fileno(), never);
            EXPECT_EQ(sys::is_nonblocking(b.fileno()).value(), nonblocking);
            EXPECT_TRUE(get_running_loop().remove_reader(b.fileno()));
            EXPECT_EQ(sys::is_nonblocking(b.fileno()).value(), nonblocking);
        }
    };
    run(talk());
}

TEST_P(ReadinessTest, what_is_not_open_raises) {
    auto talk = []() -> Task<> {
        int closed = -1;
        {
            auto [a, b] = socket::socketpair();
            closed = a.fileno();
        }
        for (int fd : {closed, -1}) {
            int errnum = 0;
            try {
                co_await readable(fd);
            } catch (const OSError& error) {
                errnum = error.errnum();
            }
            EXPECT_EQ(errnum, EBADF);
            auto never = [] {};
            EXPECT_THROW(get_running_loop().add_writer(fd, never), OSError);
            EXPECT_FALSE(get_running_loop().remove_writer(fd));
        }
    };
    run(talk());
}

TEST_P(ReadinessTest, a_callback_comes_in_every_turn_until_all_is_read) {
    auto talk = []() -> Task<> {
        auto& loop = get_running_loop();
        auto [a, b] = socket::socketpair();
        std::string seen;
        auto read_one = [&seen, &b] { seen += b.recv(1).view(); };
        loop.add_reader(b.fileno(), read_one);
        a.sendall("abc");
        while (seen.size() < 3) co_await sleep(Duration::zero());
        co_await settle();
        EXPECT_EQ(seen, "abc");
        int second = 0;
        auto count = [&](int step) {
            second += step;
            (void)b.recv(10);
        };
        loop.add_reader(b.fileno(), count, 5);  // in place of the first
        a.sendall("more");
        while (second == 0) co_await sleep(Duration::zero());
        EXPECT_EQ(second, 5);
        EXPECT_EQ(seen, "abc");
        EXPECT_TRUE(loop.remove_reader(b.fileno()));
        EXPECT_FALSE(loop.remove_reader(b.fileno()));
        a.sendall("unseen");
        co_await sleep(2ms);
        EXPECT_EQ(second, 5);
    };
    run(talk());
}

TEST_P(ReadinessTest, a_reader_and_a_writer_of_one_descriptor_are_apart) {
    auto talk = []() -> Task<> {
        auto& loop = get_running_loop();
        auto [a, b] = socket::socketpair();
        int reads = 0, writes = 0;
        auto read = [&reads, &b] {
            ++reads;
            (void)b.recv(10);
        };
        auto write = [&writes, &loop, fd = b.fileno()] {
            ++writes;
            if (writes == 3) (void)loop.remove_writer(fd);
        };
        loop.add_reader(b.fileno(), read);
        loop.add_writer(b.fileno(), write);
        while (writes < 3) co_await sleep(Duration::zero());
        co_await settle();
        EXPECT_EQ(writes, 3);
        EXPECT_EQ(reads, 0);
        a.sendall("x");
        while (reads == 0) co_await sleep(Duration::zero());
        EXPECT_TRUE(loop.remove_reader(b.fileno()));
    };
    run(talk());
}

TEST_P(ReadinessTest, an_error_of_a_callback_is_told_and_it_comes_again) {
    auto talk = []() -> Task<> {
        auto& loop = get_running_loop();
        int told = 0;
        loop.set_exception_handler(
            [](void* count, std::exception_ptr, std::string_view) { ++*static_cast<int*>(count); }, &told);
        auto [a, b] = socket::socketpair();
        auto fail = [&b] {
            (void)b.recv(1);
            throw ValueError("in a callback");
        };
        loop.add_reader(b.fileno(), fail);
        a.sendall("xy");
        while (told < 2) co_await sleep(Duration::zero());
        EXPECT_TRUE(loop.remove_reader(b.fileno()));
        loop.set_exception_handler(nullptr);
    };
    run(talk());
}

// B035 and its kin: a number that is closed and taken again within the callback.
TEST_P(ReadinessTest, a_number_that_is_used_again_in_the_callback_is_the_new_file) {
    for (bool is_removed_first : {true, false}) {
        auto talk = [is_removed_first]() -> Task<> {
            auto& loop = get_running_loop();
            std::optional<Socket> a, b, next_a, next_b;
            auto pair = socket::socketpair();
            a.emplace(std::move(pair.first));
            b.emplace(std::move(pair.second));
            int number = b->fileno();
            std::string seen;
            auto on_next = [&] { seen += next_b->recv(10).view(); };
            auto on_first = [&] {
                seen += b->recv(10).view();
                if (is_removed_first) (void)loop.remove_reader(number);
                b->close();
                auto again = socket::socketpair();
                next_a.emplace(std::move(again.first));
                next_b.emplace(std::move(again.second));
                if (next_a->fileno() == number) std::swap(next_a, next_b);
                EXPECT_EQ(next_b->fileno(), number);
                loop.add_reader(number, on_next);
            };
            loop.add_reader(number, on_first);
            a->sendall("first ");
            while (!next_b) co_await sleep(Duration::zero());
            next_a->sendall("second");
            while (seen.size() < 12) co_await sleep(Duration::zero());
            EXPECT_EQ(seen, "first second");
            EXPECT_TRUE(loop.remove_reader(number));
        };
        run(talk());
    }
}

TEST_P(ReadinessTest, a_descriptor_that_its_callback_closes_is_forgotten) {
    auto talk = []() -> Task<> {
        auto& loop = get_running_loop();
        auto [a, b] = socket::socketpair();
        int number = b.fileno();
        int calls = 0;
        auto close = [&calls, &b] {
            ++calls;
            b.close();
        };
        loop.add_reader(number, close);
        a.sendall("x");
        while (calls == 0) co_await sleep(Duration::zero());
        co_await settle();
        EXPECT_FALSE(loop.remove_reader(number));
        auto [c, d] = socket::socketpair();
        d.sendall("not for that one");
        c.sendall("nor this");
        co_await sleep(2ms);
        EXPECT_EQ(calls, 1);
    };
    run(talk());
}

TEST_P(ReadinessTest, what_is_left_at_the_end_of_the_loop_is_let_go) {
    auto [a, b] = socket::socketpair();
    auto kept = std::make_shared<int>(0);
    auto leave = [fd = b.fileno(), &kept]() -> Task<> {
        auto hold = [kept] { ++*kept; };
        get_running_loop().add_reader(fd, hold);
        get_running_loop().add_writer(fd, hold);
        co_await sleep(Duration::zero());
    };
    auto before = testing::open_descriptors();
    run(leave());
    EXPECT_EQ(testing::open_descriptors(), before);
    EXPECT_EQ(kept.use_count(), 1);
}

BIGHT_ON_KERNEL_ENGINES(ReadinessTest);

}  // namespace
}  // namespace bight::asyncio

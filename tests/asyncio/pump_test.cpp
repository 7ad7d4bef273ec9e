// SPDX-License-Identifier: BSL-1.0
/// pump(): from one stream into another.
#include "asyncio/engines.h"

#include <bight/socket.h>

#include "support/descriptors.h"
#include "support/faults.h"
#include "sys/calls.h"

#include <atomic>
#include <cerrno>
#include <string>
#include <utility>

namespace bight::asyncio {
namespace {

using sys::Call;
using sys::Fault;
using testing::Faults;

struct PumpTest : OnEveryEngine {};
struct PumpKernelTest : OnEveryEngine {};

/// Bytes that repeat late, so that what is out of order shows.
const std::string& much() {
    static const std::string text = [] {
        std::string all;
        for (int i = 0; all.size() < 6'000'000; ++i) all += std::to_string(i) + ' ';
        return all;
    }();
    return text;
}

/// Someone, a proxy that stands between, and the other one: `near` - `in`, `out` - `far`.
struct Line {
    Stream near, in, out, far;
};

Task<Line> line() {
    auto [near, in] = co_await connected_pair();
    auto [out, far] = co_await connected_pair();
    co_return Line{std::move(near), std::move(in), std::move(out), std::move(far)};
}

Task<> send_all(Stream* stream, std::string data) {
    co_await stream->write(data);
    stream->write_eof();
}

Task<std::string> everything(Stream* stream) {
    auto all = co_await stream->read_all(std::size_t{1} << 30);
    co_return all.to_string();
}

Task<std::string> slowly(Stream* stream) {
    std::string all;
    while (true) {
        co_await sleep(Duration::zero());
        auto part = co_await stream->read(std::size_t{1} << 20);
        if (!part) co_return all;
        all += part.view();
    }
}

Task<std::uint64_t> pumped(Stream* from, Stream* to, bool write_eof = true) {
    auto count = co_await pump(*from, *to, {.write_eof = write_eof});
    co_return count;
}

/// Sends `text` through, and looks at every byte.
Task<> pass(std::string text, bool is_slow) {
    auto ends = co_await line();
    TaskGroup group;
    (void)group.spawn(send_all, &ends.near, text);
    auto pumping = group.spawn(pumped, &ends.in, &ends.out, true);
    auto reading = group.spawn(is_slow ? slowly : everything, &ends.far);
    co_await group.join();
    EXPECT_EQ(pumping.result(), text.size());
    EXPECT_TRUE(reading.result() == text);
}

TEST_P(PumpTest, what_is_read_is_written_and_the_end_is_told) {
    auto talk = []() -> Task<> {
        co_await pass("", false);
        co_await pass("a word", false);
        co_await pass(much(), false);
        co_await pass(much(), true);
    };
    run(talk());
}

TEST_P(PumpTest, what_is_unread_goes_first_and_the_end_may_be_kept) {
    auto talk = []() -> Task<> {
        auto ends = co_await line();
        co_await ends.near.write("first\nsecond\nthird");
        auto line = co_await ends.in.readline();
        EXPECT_EQ(line.view(), "first\n");
        TaskGroup group;
        auto pumping = group.spawn(pumped, &ends.in, &ends.out, false);
        auto second = co_await ends.far.readline();
        EXPECT_EQ(second.view(), "second\n");
        ends.near.write_eof();
        co_await group.join();
        EXPECT_EQ(pumping.result(), 12u);
        co_await ends.out.write(", and more");
        ends.out.write_eof();
        auto rest = co_await everything(&ends.far);
        EXPECT_EQ(rest, "third, and more");
    };
    run(talk());
}

TEST_P(PumpTest, both_ways_at_once) {
    auto talk = []() -> Task<> {
        auto ends = co_await line();
        TaskGroup group;
        auto there = group.spawn(pumped, &ends.in, &ends.out, true);
        auto back = group.spawn(pumped, &ends.out, &ends.in, true);
        auto echo = [](Stream* stream) -> Task<> {
            while (auto data = co_await stream->read()) co_await stream->write(data);
            stream->write_eof();
        };
        (void)group.spawn(echo, &ends.far);
        (void)group.spawn(send_all, &ends.near, much());
        auto came = co_await everything(&ends.near);
        EXPECT_TRUE(came == much());
        co_await group.join();
        EXPECT_EQ(there.result(), much().size());
        EXPECT_EQ(back.result(), much().size());
    };
    run(talk());
}

TEST_P(PumpTest, cancelled_while_it_waits_for_input_it_has_lost_nothing) {
    auto talk = []() -> Task<> {
        auto ends = co_await line();
        for (int i = 0; i < 10; ++i) {
            TaskGroup group;
            auto pumping = group.spawn(pumped, &ends.in, &ends.out, true);
            if (i % 2 == 0) co_await sleep(Duration::zero());
            pumping.cancel();
            co_await group.join();
            EXPECT_TRUE(pumping.cancelled());
            std::string word = "word " + std::to_string(i);
            co_await ends.near.write(word);
            auto read = co_await ends.in.readexactly(word.size());
            EXPECT_EQ(read.view(), word);
            co_await ends.out.write(read);
            auto through = co_await ends.far.readexactly(word.size());
            EXPECT_EQ(through.view(), word);
        }
    };
    run(talk());
}

TEST_P(PumpTest, cancelled_with_input_in_its_hands_it_gives_that_back) {
    auto talk = []() -> Task<> {
        auto ends = co_await line();
        for (int i = 0; i < 60; ++i) {
            std::string text = "word " + std::to_string(i) + ", " +
                               std::string(static_cast<std::size_t>(i % 3) * 40'000, 'x');
            {
                TaskGroup group;
                auto pumping = group.spawn(pumped, &ends.in, &ends.out, true);
                co_await sleep(Duration::zero());
                co_await ends.near.write(text);
                for (int turn = 0; turn < i % 6; ++turn) co_await sleep(Duration::zero());
                pumping.cancel();
                co_await group.join();
            }
            TaskGroup group;
            auto pumping = group.spawn(pumped, &ends.in, &ends.out, true);
            auto through = co_await ends.far.readexactly(text.size());
            EXPECT_TRUE(through.view() == text) << i;
            pumping.cancel();
            co_await group.join();
        }
    };
    run(talk());
}

TEST_P(PumpKernelTest, a_reset_behind_much_that_waits_is_no_end) {
    auto talk = []() -> Task<> {
        auto ends = co_await line();
        co_await ends.in.write("what nobody reads makes a reset of the end");
        TaskGroup sends, others;
        auto drain = [](Stream* stream) -> Task<> {
            while (co_await stream->read()) {}
        };
        auto stalled = [&]() -> Task<> {
            bool was_reset = false;
            try {
                co_await pump(ends.in, ends.out);
            } catch (const ConnectionResetError&) {
                was_reset = true;
            }
            EXPECT_TRUE(was_reset);
            ends.out.abort();
        };
        auto pumping = others.spawn(stalled);
        auto flood = [](Stream* stream) -> Task<> {
            while (true) co_await stream->write(much());
        };
        (void)sends.spawn(flood, &ends.near);
        co_await sleep(50ms);  // as much as there is room for has gone, and nobody reads it
        sends.cancel();
        co_await sends.join();
        ends.near.abort();
        (void)others.spawn(drain, &ends.far);
        co_await others.join();
        EXPECT_TRUE(pumping.done());
    };
    run(talk());
}

TEST_P(PumpTest, nobody_who_reads_any_more_is_an_error_and_so_is_a_stream_that_is_closed) {
    auto talk = []() -> Task<> {
        auto ends = co_await line();
        TaskGroup group;
        ends.far.abort();
        bool broken = false;
        auto catch_it = [&broken](Stream* from, Stream* to) -> Task<> {
            try {
                co_await pump(*from, *to);
            } catch (const ConnectionError&) {
                broken = true;
            }
        };
        (void)group.create_task(catch_it(&ends.in, &ends.out));
        bool refused = false;
        auto send = [&refused](Stream* stream) -> Task<> {
            try {
                for (int i = 0; i < 20; ++i) co_await stream->write(much());
            } catch (const OSError&) {
                refused = true;
            }
        };
        auto sending = group.create_task(send(&ends.near));
        while (!broken) co_await sleep(Duration::zero());
        ends.in.abort();
        co_await group.join();
        EXPECT_TRUE(refused);
        bool closed = false;
        try {
            co_await pump(ends.in, ends.out);
        } catch (const ClosedError&) {
            closed = true;
        }
        EXPECT_TRUE(closed);
    };
    run(talk());
}

// ---- Inside the kernel. ------------------------------------------------------------------------------------------------

TEST_P(PumpKernelTest, what_is_much_moves_by_splice_and_no_descriptor_is_left) {
    if (!sys::seam::built) GTEST_SKIP() << "built without fault injection";
    std::atomic<int> splices = 0;
    auto before = testing::open_descriptors();
    {
        Faults count([&splices](Call call) -> Fault {
            splices += call == Call::splice ? 1 : 0;
            return {};
        });
        run(pass(much(), false));
    }
    EXPECT_GT(splices, 10);
    EXPECT_EQ(testing::open_descriptors(), before);
}

TEST_P(PumpKernelTest, without_splice_or_without_descriptors_it_reads_and_writes) {
    if (!sys::seam::built) GTEST_SKIP() << "built without fault injection";
    {
        Faults refuse(testing::fail(Call::splice, EINVAL, 1000));
        run(pass(much(), false));
    }
    {
        Faults refuse(
            [calls = 0](Call call) mutable -> Fault { return {call == Call::splice && ++calls == 2 ? EINVAL : 0}; });
        run(pass(much(), false));  // into the pipe, but not out of it
    }
    Faults refuse(testing::fail(Call::pipe2, EMFILE, 1000));
    run(pass(much(), false));
}

TEST_P(PumpKernelTest, by_small_parts_too) {
    if (!sys::seam::built) GTEST_SKIP() << "built without fault injection";
    Faults shorten([calls = 0u](Call call) mutable -> Fault {
        if (call != Call::splice) return {};
        ++calls;
        if (calls % 7 == 0) return {EAGAIN};
        return {0, 1 + calls * 7919 % 30'000};
    });
    run(pass(much(), false));
    run(pass(much(), true));
}

TEST_P(PumpKernelTest, between_Unix_and_TCP) {
    auto talk = []() -> Task<> {
        auto [a, b] = socket::socketpair();
        Stream near = open_stream(std::move(a)), in = open_stream(std::move(b));
        auto [out, far] = co_await connected_pair();
        TaskGroup group;
        (void)group.spawn(send_all, &near, much());
        (void)group.spawn(pumped, &in, &out, true);
        auto came = co_await everything(&far);
        EXPECT_TRUE(came == much());
        co_await group.join();
    };
    run(talk());
}

TEST_P(PumpKernelTest, a_cancelled_one_leaves_its_streams_as_they_were) {
    auto talk = []() -> Task<> {
        auto ends = co_await line();
        bool was = sys::is_nonblocking(ends.in.fileno()).value();
        TaskGroup group;
        auto pumping = group.spawn(pumped, &ends.in, &ends.out, true);
        co_await sleep(Duration::zero());
        EXPECT_TRUE(sys::is_nonblocking(ends.in.fileno()).value());
        pumping.cancel();
        co_await group.join();
        EXPECT_EQ(sys::is_nonblocking(ends.in.fileno()).value(), was);
        EXPECT_EQ(sys::is_nonblocking(ends.out.fileno()).value(), was);
    };
    run(talk());
}

BIGHT_ON_EVERY_ENGINE(PumpTest);
BIGHT_ON_KERNEL_ENGINES(PumpKernelTest);

}  // namespace
}  // namespace bight::asyncio

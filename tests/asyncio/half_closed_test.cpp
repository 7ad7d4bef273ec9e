// SPDX-License-Identifier: BSL-1.0
// Peers that have finished sending and do not read. To who waits for room a ring's poll tells the end of their sending, too;
// the kernel's own waits then go to a thread each, and miss cancellations.

#include "asyncio/common_tasks.h"
#include "asyncio/protocols.h"

#include <bight/socket.h>

#include "sys/calls.h"

#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

namespace bight::asyncio {
namespace {

struct HalfClosedTest : OnEveryEngine {};
struct HalfClosedWatchTest : OnEveryEngine {};

std::ptrdiff_t threads() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

/// More than all buffers hold.
std::string much() {
    std::string text(std::size_t{8} << 20, '\0');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i % 251);
    return text;
}

Task<> write_all(Stream* stream, const std::string* data) { co_await stream->write(*data); }

/// A pair of which b has finished sending, and a knows.
Task<Pair> half_closed_pair() {
    Pair pair = co_await connected_pair();
    pair.b.write_eof();
    auto end = co_await pair.a.read();
    EXPECT_TRUE(end.empty());
    co_return pair;
}

TEST_P(HalfClosedTest, writers_wait_without_threads_and_go_on_or_are_cancelled) {
    auto talk = []() -> Task<> {
        const std::string data = much();
        std::vector<Pair> pairs;
        for (int i = 0; i < 8; ++i) pairs.push_back(co_await half_closed_pair());
        auto before = threads();
        TaskGroup group;
        std::vector<TaskHandle<void>> writers;
        for (auto& pair : pairs) writers.push_back(group.spawn(write_all, &pair.a, &data));
        co_await settle(50);
        EXPECT_LE(threads(), before);
        for (std::size_t i = 0; i < pairs.size(); i += 2) {
            writers[i].cancel();
            co_await writers[i].ended();
            EXPECT_TRUE(writers[i].cancelled());
        }
        for (std::size_t i = 1; i < pairs.size(); i += 2) {
            EXPECT_FALSE(writers[i].done());
            auto read = co_await pairs[i].b.readexactly(data.size());
            EXPECT_TRUE(Bytes(read).view() == data);
            co_await writers[i].ended();
            EXPECT_FALSE(writers[i].cancelled());
            co_await pairs[i].a.write("more");
            auto more = co_await pairs[i].b.readexactly(4);
            EXPECT_EQ(Bytes(more).view(), "more");
        }
        co_await group.join();
    };
    run(talk());
}

TEST_P(HalfClosedTest, who_finishes_while_one_writes_changes_nothing) {
    auto talk = []() -> Task<> {
        const std::string data = much();
        for (bool cancels : {false, true}) {
            Pair pair = co_await connected_pair();
            auto before = threads();
            TaskGroup group;
            auto writer = group.spawn(write_all, &pair.a, &data);
            co_await settle();
            pair.b.write_eof();
            auto end = co_await pair.a.read();
            EXPECT_TRUE(end.empty());
            EXPECT_LE(threads(), before);
            if (cancels) writer.cancel();
            if (!cancels) {
                auto read = co_await pair.b.readexactly(data.size());
                EXPECT_TRUE(Bytes(read).view() == data);
            }
            co_await writer.ended();
            EXPECT_EQ(writer.cancelled(), cancels);
            co_await group.join();
        }
    };
    run(talk());
}

TEST_P(HalfClosedTest, abort_ends_a_protocol_soon) {
    auto talk = []() -> Task<> {
        const std::string data = much();
        for (bool early : {false, true}) {
            Kept<> kept;
            Stream client = co_await open_connection(kept.server.addresses().front());
            auto protocol = co_await kept.first();
            protocol->keeps_open = true;
            if (early) client.write_eof();
            protocol->transport().write(data);
            if (!early) client.write_eof();
            auto has_end = [](const Recorder& recorder) { return recorder.has("eof"); };
            co_await wait_until(protocol.get(), has_end);
            protocol->transport().abort();
            co_await wait_until_lost(protocol.get());
            EXPECT_EQ(protocol->calls.back(), "lost none");
        }
    };
    run(talk());
}

Task<> wait_until_writable(int fd) { co_await writable(fd); }

TEST_P(HalfClosedWatchTest, writable_waits_for_room) {
    auto talk = []() -> Task<> {
        auto [near, far] = socket::socketpair();
        near.setblocking(false);
        far.setblocking(false);
        far.shutdown(SHUT_WR);
        const std::string block(10'000, 'x');
        for (int round = 0; round < 3; ++round) {
            co_await writable(near.fileno());
            while (near.try_send(block)) {}
            TaskGroup group;
            auto waiting = group.spawn(wait_until_writable, near.fileno());
            co_await settle(50);
            EXPECT_FALSE(waiting.done());
            if (round == 1) waiting.cancel();
            while (far.try_recv(100'000)) {}
            co_await waiting.ended();
            EXPECT_EQ(waiting.cancelled(), round == 1);
            co_await group.join();
        }
    };
    run(talk());
}

// A ring answers EAGAIN to a send that has found no room, also where it is cancelled before it was handed over.
TEST_P(HalfClosedWatchTest, a_write_without_room_that_is_cancelled_at_once_says_so) {
    auto talk = []() -> Task<> {
        auto pair = co_await connected_pair();
        const std::string block(10'000, 'x'), little = "x";
        co_await settle();  // what the kernel moves on the way, before it is full for good
        for (int quiet = 0; quiet < 3; co_await settle()) {
            bool any = false;
            while (sys::send(pair.a.fileno(), Bytes(block), MSG_DONTWAIT)) any = true;
            while (sys::send(pair.a.fileno(), Bytes(little), MSG_DONTWAIT)) any = true;
            quiet = any ? 0 : quiet + 1;
        }
        TaskGroup group;
        auto writing = group.spawn(write_all, &pair.a, &little);
        co_await sleep(0s);
        writing.cancel();
        co_await writing.ended();
        EXPECT_TRUE(writing.cancelled());
        co_await group.join();
    };
    run(talk());
}

BIGHT_ON_EVERY_ENGINE(HalfClosedTest);
BIGHT_ON_KERNEL_ENGINES(HalfClosedWatchTest);

}  // namespace
}  // namespace bight::asyncio

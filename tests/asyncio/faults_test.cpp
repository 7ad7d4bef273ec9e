// SPDX-License-Identifier: BSL-1.0
/// What the kernel refuses, interrupts or cuts short, under tasks that must not notice, or be told.
#include "asyncio/common_tasks.h"
#include "asyncio/engines.h"

#include <bight/asyncio/server.h>
#include <bight/socket.h>

#include "support/descriptors.h"
#include "support/faults.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace bight::asyncio {
namespace {

using sys::Call;
using sys::Fault;
using testing::Faults;

struct FaultsTest : OnEveryEngine {};

Task<> ask(Address where, char letter, std::size_t size) {
    Stream stream = co_await open_connection(where);
    TaskGroup group;
    (void)group.spawn(send, &stream, std::string(size, letter));
    auto answer = co_await stream.read_all(size);
    co_await group.join();
    EXPECT_EQ(answer.size(), size);
    EXPECT_EQ(answer.view().find_first_not_of(letter), std::string_view::npos);
    co_await stream.close();
}

Task<> talk(std::size_t size = 200'000) {
    auto server = start_server(any_port, echo);
    TaskGroup group;
    for (char letter : {'a', 'b', 'c'}) (void)group.spawn(ask, server.addresses().front(), letter, size);
    co_await group.join();
    ServeTally tally = co_await server.stop(10s);
    EXPECT_EQ(tally.accepted, 3u);
    EXPECT_EQ(tally.aborted, 0u);
}

/// Every third call of one kind fails so.
Faults::Decide every_third(Call which, int errnum) {
    return [=, calls = 0](Call call) mutable -> Fault {
        if (call != which || ++calls % 3 != 0) return {};
        return {errnum};
    };
}

TEST_P(FaultsTest, waits_that_are_interrupted_or_refused_go_on) {
    for (int errnum : {EINTR, EAGAIN, EBUSY}) {
        Faults ring(every_third(Call::io_uring_enter, errnum));
        run(talk());
    }
    Faults poll(every_third(Call::epoll_wait, EINTR));
    run(talk());
}

// Edge-triggered readiness comes once: so nothing here pretends not to be ready, or to have no more.
TEST_P(FaultsTest, short_counts_lose_nothing) {
    Faults faults([calls = 0](Call call) mutable -> Fault {
        if (call != Call::send) return {};
        return {0, 1 + static_cast<std::size_t>(++calls % 900)};
    });
    run(talk());
}

/// Sends much to who reads it only when nothing goes any more; `in_a_row` is set to 0 in each turn of the loop.
Task<> send_much(bool half_closed, std::size_t size, int* in_a_row) {
    Event full;
    std::size_t received = 0;
    auto server = start_server(any_port, [&](Stream client) -> Task<> {
        if (half_closed) client.write_eof();
        co_await full.wait();
        auto data = co_await client.read_all(size);
        received = data.size();
    });
    Stream stream = co_await open_connection(server.addresses().front());
    TaskGroup group;
    auto sending = group.spawn(send, &stream, std::string(size, 'x'));
    for (int quiet = 0; !sending.done(); quiet = *in_a_row > 0 ? 0 : quiet + 1) {
        if (quiet == 100) full.set();
        *in_a_row = 0;
        co_await sleep(Duration::zero());
    }
    co_await group.join();
    co_await server.stop(10s);
    EXPECT_EQ(received, size);
}

TEST_P(FaultsTest, a_long_send_gives_way_to_others) {
    for (bool half_closed : {false, true}) {
        int in_a_row = 0, most_in_a_row = 0, all = 0;
        Faults faults([&](Call call) -> Fault {
            if (call != Call::send) return {};
            ++all;
            most_in_a_row = std::max(most_in_a_row, ++in_a_row);
            return {0, 1000};
        });
        run(send_much(half_closed, 6'000'000, &in_a_row));
        EXPECT_LE(most_in_a_row, 20) << half_closed;
        EXPECT_GT(all, 1000);
    }
}

TEST_P(FaultsTest, an_error_of_a_call_is_raised_with_its_number) {
    auto connect = []() -> Task<int> {
        try {
            co_await open_connection({"127.0.0.1", 1});
        } catch (const OSError& error) {
            co_return error.errnum();
        }
        co_return 0;
    };
    for (int errnum : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EACCES}) {
        Faults faults(testing::fail(Call::socket, errnum));
        EXPECT_EQ(run(connect()), errnum);
    }
}

TEST(UringFaults, short_counts_and_false_alarms_of_direct_calls_lose_nothing) {
    if (!has_uring()) GTEST_SKIP() << "the kernel refuses io_uring";
    for (Call which : {Call::recv, Call::send}) {  // what is sent by pieces is not read directly
        int calls = 0;
        Faults faults([&](Call call) -> Fault {
            if (call != which) return {};
            if (++calls % 5 == 0) return {EAGAIN};
            return {0, 1 + static_cast<std::size_t>(calls) * 7919 % 30'000};
        });
        asyncio::run(talk(4'000'000), options_for(EngineChoice::uring));
        EXPECT_GT(calls, 20);
    }
}

Task<> bounce(std::size_t size, int times) {
    auto server = start_server(any_port, echo);
    Stream stream = co_await open_connection(server.addresses().front());
    std::string message(size, 'x');
    for (int i = 0; i < times; ++i) {
        co_await stream.write(message);
        auto answer = co_await stream.readexactly(size);
        EXPECT_EQ(answer.size(), size);
    }
}

// A call for each would be dear where calls are; see "Buffers are provided few at a time" in DESIGN.md.
TEST(UringFaults, what_fills_one_buffer_stays_with_the_ring_and_more_is_read_directly) {
    if (!has_uring()) GTEST_SKIP() << "the kernel refuses io_uring";
    constexpr int times = 50;
    int calls = 0;
    Faults count([&](Call call) -> Fault {
        calls += call == Call::recv;
        return {};
    });
    asyncio::run(bounce(16 << 10, times), options_for(EngineChoice::uring));
    EXPECT_LT(calls, times / 5);
    calls = 0;
    asyncio::run(bounce(24 << 10, times), options_for(EngineChoice::uring));
    EXPECT_GT(calls, times);
}

// The last thing that a loop does may be to close.
TEST_P(FaultsTest, what_is_dropped_last_is_closed_all_the_same) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    listener.settimeout(10s);
    auto say = [](Address where) -> Task<> {
        Stream stream = co_await open_connection(where);
        co_await stream.write("x");
    };
    auto before = testing::open_descriptors();
    run(say(listener.getsockname()));
    EXPECT_EQ(testing::open_descriptors(), before);
    auto [client, peer] = listener.accept();
    client.settimeout(10s);
    EXPECT_EQ(client.recv(10).view(), "x");
    EXPECT_TRUE(client.recv(10).empty());
}

// A loop whose engine cannot be had says so; only what refuses io_uring as such leads to the other one.
TEST(Choosing, only_a_refusal_leads_to_epoll) {
    for (int errnum : {ENOSYS, EPERM, EACCES, EINVAL}) {
        Faults faults([=](Call call) -> Fault { return {call == Call::io_uring_setup ? errnum : 0}; });
        EventLoop loop;
        EXPECT_EQ(loop.engine(), "epoll");
        EXPECT_EQ(loop.engine_reason().substr(0, 21), "io_uring is refused: ");
        EXPECT_THROW(EventLoop(options_for(EngineChoice::uring)), OSError);
    }
    for (int errnum : {ENOMEM, EMFILE, ENFILE}) {
        Faults faults([=](Call call) -> Fault { return {call == Call::io_uring_setup ? errnum : 0}; });
        EXPECT_THROW(EventLoop{}, OSError);
    }
}

TEST(Choosing, whatever_fails_while_an_engine_is_made_leaves_no_descriptor) {
    for (auto choice : {EngineChoice::uring, EngineChoice::epoll}) {
        for (int nth = 1; nth < 20; ++nth) {
            auto before = testing::open_descriptors();
            bool failed = false;
            {
                Faults faults([&failed, nth, calls = 0](Call) mutable -> Fault {
                    if (++calls != nth) return {};
                    failed = true;
                    return {ENOMEM};
                });
                try {
                    EventLoop loop(options_for(choice));
                } catch (const OSError&) {}
            }
            EXPECT_EQ(testing::open_descriptors(), before);
            if (!failed) break;
        }
    }
}

double cpu_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// B027: without descriptors a listener stays readable; who spins on it burns a processor.
TEST_P(FaultsTest, without_descriptors_accepting_waits_and_then_goes_on) {
    auto serve_them = []() -> Task<> {
        auto server = start_server(any_port, echo);
        std::vector<Socket> clients;
        for (int i = 0; i < 5; ++i) clients.push_back(socket::create_connection(server.addresses().front()));
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        rlimit none = limit;
        int lowest_free = ::dup(0);
        ::close(lowest_free);
        none.rlim_cur = static_cast<rlim_t>(lowest_free);
        ::setrlimit(RLIMIT_NOFILE, &none);
        std::atomic<int> accepts = 0;
        double before = cpu_seconds();
        {
            Faults count([&accepts](Call call) -> Fault {
                if (call == Call::accept4 || call == Call::io_uring_enter) ++accepts;
                return {};
            });
            co_await sleep(500ms);
        }
        double spent = cpu_seconds() - before;
        ::setrlimit(RLIMIT_NOFILE, &limit);
        EXPECT_LT(accepts, 40);
        EXPECT_LT(spent, 0.05 * 0.5 + 0.02);
        EXPECT_EQ(server.tally().accepted, 0u);
        auto until_all_are_accepted = [&]() -> Task<> {
            while (server.tally().accepted < 5) co_await sleep(10ms);
        };
        co_await wait_for(until_all_are_accepted(), 10s);
        for (auto& client : clients) client.close();
        co_await server.stop(10s);
    };
    run(serve_them());
}

BIGHT_ON_KERNEL_ENGINES(FaultsTest);

}  // namespace
}  // namespace bight::asyncio

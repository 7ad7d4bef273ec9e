// SPDX-License-Identifier: BSL-1.0
// What users get, used on our own code: the contract of streams, and cancelling in every turn (B074, B075).
#include "simulation/scenarios.h"

#include <algorithm>
#include <functional>
#include <vector>

namespace bight::testing {
namespace {

using asyncio::open_connection;
using asyncio::sleep;
using asyncio::TaskGroup;

// ---- The contract of streams. ------------------------------------------------------------------------------------------

Task<StreamPair> in_memory() { co_return stream_pair(); }

/// By way of a listener, of one address or another.
Task<StreamPair> accepted(HostPort where) {
    std::vector<Stream> arrived;
    auto keep = [&arrived](Stream stream) -> Task<> {
        arrived.push_back(std::move(stream));
        co_return;
    };
    auto server = asyncio::start_server(where, keep);
    Stream a = co_await open_connection(server.addresses().front());
    while (arrived.empty()) co_await sleep(0s);
    co_return StreamPair{std::move(a), std::move(arrived.front())};
}

TEST(Contracts, streams_in_memory) { EXPECT_EQ(check_stream_contract(in_memory), 13u); }

TEST(Contracts, streams_over_ip) {
    EXPECT_EQ(check_stream_contract([] { return accepted({"127.0.0.1", 0}); }), 13u);
    EXPECT_EQ(check_stream_contract([] { return accepted({"::1", 0}); }, {.count = 3}, {.stream_buffer = 3000}), 13u);
}

TEST(Contracts, streams_over_unix) {
    check_stream_contract([] { return accepted(Address::abstract_name("contract")); });
}

/// A stream that keeps its promises but one.
struct Forgetful : Stream {
    explicit Forgetful(Stream stream) : Stream(std::move(stream)) {}
    Task<Buffer> readexactly(std::size_t size) {
        Buffer all = Buffer::with_capacity(size);
        while (all.size() < size) {
            auto part = co_await read(size - all.size());
            if (part.empty()) throw asyncio::IncompleteReadError(std::move(all), size);
            std::copy(part.begin(), part.end(), all.room().begin() + static_cast<std::ptrdiff_t>(all.size()));
            all.resize(all.size() + part.size());
        }
        co_return all;
    }
};
struct ForgetfulPair {
    Forgetful a, b;
};

TEST(Contracts, a_broken_promise_is_found_and_named) {
    auto make = []() -> Task<ForgetfulPair> {
        auto pair = stream_pair();
        co_return ForgetfulPair{Forgetful(std::move(pair.a)), Forgetful(std::move(pair.b))};
    };
    ::testing::internal::CaptureStderr();
    EXPECT_ANY_THROW(check_stream_contract(make));
    std::string told = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(told.find("stream contract: whoever is cancelled has lost nothing fails with BIGHT_SEED="),
              std::string::npos)
        << told;
}

// ---- Cancelled in every turn. ------------------------------------------------------------------------------------------

Task<> serve_echo(HostPort where) { co_await asyncio::serve(where, echo, {.drain = 1s}); }

Task<> talks() {
    Stream stream = co_await open_connection({"server", 7});
    std::string line = numbered(1, 300) + '\n';
    co_await stream.write(line);
    auto half = co_await stream.readexactly(100);
    auto rest = co_await asyncio::wait_for(stream.readuntil("\n"), 5s);
    require(half.view() == std::string_view(line).substr(0, 100) && rest.size() == line.size() - 100, "the echo");
    co_await stream.close();
}

/// For some seeds, each of which has turns of its own.
std::size_t cancel_with_seeds(const std::function<Task<>(Simulation&)>& make) {
    std::size_t runs = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) runs += cancel_everywhere(make, {.seed = seed});
    return runs;
}

TEST(Cancel, a_client_by_name_over_two_families) {
    auto make = [](Simulation& sim) {
        Host& server = sim.host("server");
        sim.link(sim.main(), server, {.delay = 10ms, .jitter = 5ms});
        server.run(serve_echo, HostPort("", 7));
        return talks();
    };
    EXPECT_GT(cancel_with_seeds(make), 100u);
}

TEST(Cancel, attempts_that_race) {
    auto make = [](Simulation& sim) {
        Host& server = sim.host("real", {"10.0.0.1"});
        Host& hole = sim.host("hole", {"10.0.0.2", "fd00::2"});
        sim.partition(sim.main(), hole);
        sim.name("server", {"fd00::2", "10.0.0.2", "10.0.0.1"}, 20ms);
        server.run(serve_echo, HostPort("", 7));
        return talks();
    };
    EXPECT_GT(cancel_with_seeds(make), 100u);
}

Task<> small_client(Address where) {
    try {
        Stream stream = co_await open_connection(where);
        co_await stream.write("x");
        co_await stream.read();
        co_await stream.close();
    } catch (const OSError&) {}  // whoever asks while the server ends
}

Task<> server_with_clients() {
    auto server = asyncio::start_server({"127.0.0.1", 0}, echo);
    TaskGroup clients;
    for (int i = 0; i < 3; ++i) clients.spawn(small_client, server.addresses().front());
    co_await clients.join();
    auto tally = co_await server.stop(1s);
    require(tally.accepted == tally.served + tally.drained + tally.aborted + tally.refused, "accepted = the others");
}

TEST(Cancel, a_server_and_its_stop) {
    auto make = [](Simulation&) { return server_with_clients(); };
    EXPECT_GT(cancel_with_seeds(make), 100u);
}

TEST(Cancel, serve) {
    auto make = [](Simulation& sim) {
        Address where = Address::ip("192.0.2.1", 7);
        for (int i = 0; i < 3; ++i) sim.host("c" + std::to_string(i)).run(small_client, where);
        auto limited = []() -> Task<> {
            try {
                co_await asyncio::timeout(100ms, serve_echo, HostPort("", 7));
            } catch (const TimeoutError&) {}
        };
        return limited();
    };
    EXPECT_GT(cancel_with_seeds(make), 100u);
}

Task<> writes_and_groups() {
    auto pair = stream_pair();
    auto body = [&](TaskGroup& group) -> Task<> {
        group.spawn(write_all, &pair.a, numbered(1, 200'000), true);
        group.spawn(write_all, &pair.b, numbered(2, 1000), true);
        auto some = co_await pair.b.readexactly(100'000);
        co_await sleep(2ms);
        auto rest = co_await pair.b.read_all(200'000);
        require(some.size() + rest.size() == 200'000, "all of it");
    };
    co_await asyncio::with_task_group(body);
    co_await pair.b.close();
    co_await pair.a.close();
}

TEST(Cancel, writes_in_a_group) {
    EXPECT_GT(cancel_with_seeds([](Simulation&) { return writes_and_groups(); }), 100u);
}

Task<> nested_limits() {
    auto nap = [](Duration how_long) -> Task<> { co_await sleep(how_long); };
    for (int i = 0; i < 5; ++i) {
        try {
            co_await asyncio::wait_for(asyncio::wait_for(nap(3ms), i % 2 ? Duration(1ms) : Duration(5ms)), 2ms);
        } catch (const TimeoutError&) {}
        auto whole = [&]() -> Task<> {
            try {
                co_await nap(1ms);
            } catch (const asyncio::Cancelled&) {
                throw Violation("a cancellation reached what is shielded");
            }
        };
        co_await asyncio::shield(whole());
    }
}

TEST(Cancel, limits_and_shields) {
    EXPECT_GT(cancel_with_seeds([](Simulation&) { return nested_limits(); }), 100u);
}

Task<> handles_with_limits() {
    auto nap = [](Duration how_long) -> Task<> { co_await sleep(how_long); };
    auto wait = [](asyncio::TaskHandle<void>* handle) -> Task<> { co_await *handle; };
    TaskGroup group;
    for (int i = 0; i < 4; ++i) {
        auto napping = group.spawn(nap, 3ms);
        try {
            co_await asyncio::wait_for(wait(&napping), 1ms);
        } catch (const TimeoutError&) {}
        co_await wait(&napping);
        require(napping.done(), "who waited saw the end");
    }
    co_await group.join();
}

TEST(Cancel, waiting_for_a_task_under_a_limit) {
    EXPECT_GT(cancel_with_seeds([](Simulation&) { return handles_with_limits(); }), 100u);
}

Task<> closes_at_once() {
    auto server = asyncio::start_server({"127.0.0.1", 0}, echo);
    server.close();
    co_await server.wait_closed();
    co_await sleep(1ms);
}

TEST(Cancel, a_server_that_is_closed_before_it_accepts) {
    EXPECT_GT(cancel_with_seeds([](Simulation&) { return closes_at_once(); }), 60u);
}

Task<> pauses_without_descriptors() {
    auto server = asyncio::start_server({"127.0.0.1", 0}, echo);
    auto pair = stream_pair();
    Stream client = co_await open_connection(server.addresses().front());
    co_await sleep(1ms);  // there is no descriptor for the other end: accepting pauses
    require(server.tally().accepted == 0, "none was left");
    server.close();
    co_await sleep(1s);
}

TEST(Cancel, a_server_that_is_closed_while_it_pauses) {
    auto make = [](Simulation&) { return pauses_without_descriptors(); };
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        EXPECT_GT(cancel_everywhere(make, {.seed = seed, .channels = 4}), 2u);
}

TEST(Cancel, what_is_left_over_is_told_with_its_turn) {
    auto leave = []() -> Task<> {
        try {
            co_await sleep(1ms);
        } catch (const asyncio::Cancelled&) {
            (void)asyncio::get_running_loop().call_later(1h, [] {});
            throw;
        }
    };
    std::string told;
    try {
        cancel_everywhere([&](Simulation&) { return leave(); });
    } catch (const SimulationError& error) {
        told = error.what();
    }
    EXPECT_EQ(told, "cancelled in turn 1 of seed 1: 1 left over: timers");
}

}  // namespace
}  // namespace bight::testing

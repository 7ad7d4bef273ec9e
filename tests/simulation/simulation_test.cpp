// SPDX-License-Identifier: BSL-1.0
#include "simulation/scenarios.h"

#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace bight::testing {
namespace {

using asyncio::open_connection;
using asyncio::sleep;
using asyncio::TaskGroup;

Task<std::string> ask(HostPort where, std::string question) {
    Stream stream = co_await open_connection(where, {.timeout = {}});
    co_await stream.write(question);
    auto answer = co_await stream.readexactly(question.size());
    co_await stream.close();
    co_return answer.to_string();
}

TEST(Simulation, an_hour_of_sleep_is_exact_and_costs_nothing) {
    Simulation sim({.turn = {}});
    auto before = sim.time();
    sim.run([]() -> Task<> { co_await sleep(1h); }());
    EXPECT_EQ(sim.time() - before, 1h);
    sim.check_nothing_left();
}

TEST(Simulation, hosts_find_each_other_by_name_and_links_take_their_time) {
    Simulation sim({.turn = {}, .late = 0});
    Host& server = sim.host("server", {"10.0.0.1"});
    Host& client = sim.host("client", {"10.0.0.2"});
    sim.link(client, server, {.delay = 50ms});
    server.run(serve_echo, HostPort("", 7));
    auto asked = client.run(ask, HostPort("server", 7), std::string("who?"));
    auto before = sim.time();
    auto wait = [&]() -> Task<> {
        std::string answer = co_await asked;
        EXPECT_EQ(answer, "who?");
        EXPECT_EQ(sim.time() - before, 200ms);  // two ways to connect, and two for the answer
    };
    sim.run(wait());
    sim.check_nothing_left();
}

TEST(Simulation, the_same_seed_is_the_same_run) {
    auto hash_of = [](std::uint64_t seed) {
        Simulation sim({.seed = seed});
        Host& server = sim.host("server");
        sim.link_all({.delay = 1ms, .jitter = 1ms});
        server.run(serve_echo, HostPort("", 7));
        EXPECT_EQ(sim.run(ask({"server", 7}, std::string(100'000, 'x'))).size(), 100'000u);
        sim.check_nothing_left();
        return sim.trace_hash();
    };
    EXPECT_EQ(hash_of(5), hash_of(5));
    EXPECT_NE(hash_of(5), hash_of(6));
}

TEST(Simulation, a_rate_bounds_what_passes_and_a_buffer_what_is_held) {
    Simulation sim({.stream_buffer = 10'000});
    Host& server = sim.host("server");
    sim.link(sim.main(), server, {.delay = 1ms, .rate = 1'000'000});
    server.run(serve_echo, HostPort("", 7));
    auto before = sim.time();
    auto talk = []() -> Task<> {
        Stream stream = co_await open_connection({"server", 7});
        TaskGroup group;
        auto send = [](Stream* to) -> Task<> {
            std::string data(1'000'000, 'x');
            co_await to->write(data);
            to->write_eof();
        };
        (void)group.spawn(send, &stream);
        auto all = co_await stream.read_all(2'000'000);
        EXPECT_EQ(all.size(), 1'000'000u);
        co_await group.join();
    };
    sim.run(talk());
    EXPECT_GE(sim.time() - before, 1s);
    EXPECT_LE(sim.totals().most_bytes_held, 20'000u);  // of the two directions
    sim.check_nothing_left();
}

TEST(Simulation, what_nobody_can_end_is_an_error_that_says_who_waits) {
    Simulation sim;
    auto wait = []() -> Task<> {
        auto pair = stream_pair();
        co_await pair.a.read();
    };
    try {
        sim.run(wait());
        FAIL();
    } catch (const SimulationError& error) {
        EXPECT_NE(std::string(error.what()).find("everybody waits, and nothing will come: Task-1"), std::string::npos)
            << error.what();
    }
}

TEST(Simulation, what_does_not_end_is_an_error) {
    Simulation sim({.max_turns = 1000});
    auto spin = []() -> Task<> {
        while (true) co_await sleep(0s);
    };
    EXPECT_THROW(sim.run(spin()), SimulationError);
}

TEST(Simulation, an_error_that_nobody_waits_for_fails_the_run) {
    Simulation sim;
    auto fail = []() -> Task<> {
        co_await sleep(1ms);
        throw ValueError("in the background");
    };
    sim.host("server").run(fail);
    auto wait = []() -> Task<> { co_await sleep(1s); };
    EXPECT_THROW(sim.run(wait()), ValueError);
}

TEST(Simulation, after_a_partition_streams_go_on_where_they_were) {
    Simulation sim;
    Host& server = sim.host("server");
    server.run(serve_echo, HostPort("", 7));
    auto talk = [&]() -> Task<> {
        Stream stream = co_await open_connection({"server", 7});
        sim.partition(sim.main(), server);
        co_await stream.write("through the wall");
        bool timed_out = false;
        try {
            co_await asyncio::wait_for(stream.readexactly(16), 60s);
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        sim.heal(sim.main(), server);
        auto answer = co_await stream.readexactly(16);
        EXPECT_EQ(answer.view(), "through the wall");
    };
    sim.run(talk());
    sim.check_nothing_left();
}

TEST(Simulation, who_is_never_heard_of_again_times_out) {
    Simulation sim;
    Host& server = sim.host("server");
    server.run(serve_echo, HostPort("", 7));
    auto before = sim.time();
    auto talk = [&]() -> Task<> {
        Stream stream = co_await open_connection({"server", 7});
        server.crash();
        co_await stream.write("hello?");
        auto end = co_await stream.try_read();
        EXPECT_FALSE(end);
        EXPECT_EQ(end.error().number(), ETIMEDOUT);
    };
    sim.run(talk());
    EXPECT_GT(sim.time() - before, 15min);
    sim.check_nothing_left();
}

TEST(Simulation, who_was_restarted_resets_old_connections) {
    Simulation sim;
    Host& server = sim.host("server");
    server.run(serve_echo, HostPort("", 7));
    auto talk = [&]() -> Task<> {
        Stream stream = co_await open_connection({"server", 7});
        server.crash();
        server.restart();
        co_await stream.write("hello?");
        bool reset = false;
        try {
            co_await stream.read();
        } catch (const ConnectionResetError&) {
            reset = true;
        }
        EXPECT_TRUE(reset);
        bool refused = false;
        try {
            co_await open_connection({"server", 7});
        } catch (const ConnectionRefusedError&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
    };
    sim.run(talk());
    sim.check_nothing_left();
}

TEST(Simulation, resets_end_both_ends) {
    Simulation sim;
    Host& server = sim.host("server");
    server.run(serve_echo, HostPort("", 7));
    auto talk = [&]() -> Task<> {
        Stream stream = co_await open_connection({"server", 7});
        co_await stream.write("x");
        co_await stream.readexactly(1);
        EXPECT_EQ(sim.reset_connections(sim.main(), server), 1u);
        bool reset = false;
        try {
            co_await stream.read();
        } catch (const ConnectionResetError&) {
            reset = true;
        }
        EXPECT_TRUE(reset);
    };
    sim.run(talk());
    sim.check_nothing_left();
}

TEST(Simulation, addresses_that_are_nobodys_and_names_that_are_unknown) {
    Simulation sim;
    sim.name("late.example", {}, 3s);
    auto talk = [&]() -> Task<> {
        bool unreachable = false;
        try {
            co_await open_connection({"10.99.99.99", 1});
        } catch (const OSError& error) {
            unreachable = error.errnum() == EHOSTUNREACH;
        }
        EXPECT_TRUE(unreachable);
        auto before = sim.time();
        bool unknown = false;
        try {
            co_await open_connection({"late.example", 1});
        } catch (const GaiError&) {
            unknown = true;
        }
        EXPECT_TRUE(unknown);
        EXPECT_GE(sim.time() - before, 3s);
    };
    sim.run(talk());
    EXPECT_THROW(sim.host("other", {"192.0.2.1"}), ValueError);
}

TEST(Simulation, unix_addresses_are_a_hosts_own) {
    Simulation sim;
    Host& server = sim.host("server");
    HostPort here(Address::abstract_name("echo"));
    server.run(serve_echo, here);
    auto talk = [&]() -> Task<> {
        co_await sleep(1ms);
        auto asked = server.run(ask, here, std::string("local"));
        std::string answer = co_await asked;
        EXPECT_EQ(answer, "local");
        bool refused = false;
        try {
            co_await open_connection(here);
        } catch (const ConnectionRefusedError&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
    };
    sim.run(talk());
    sim.check_nothing_left();
}

TEST(Simulation, the_line_of_a_failing_seed_says_how_to_see_it_again) {
    auto fail = [](Simulation& sim) {
        if (sim.seed() == 3) throw ValueError("the third");
    };
    ::testing::internal::CaptureStderr();
    EXPECT_THROW(for_each_seed("a scenario", {.count = 10}, fail), ValueError);
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "bight: a scenario fails with BIGHT_SEED=3: the third\n");
}

TEST(Simulation, what_is_left_over_is_told) {
    Simulation sim;
    auto pair = std::optional<StreamPair>();
    auto leave = [&]() -> Task<> {
        pair.emplace(stream_pair());
        co_return;
    };
    sim.run(leave());
    EXPECT_THROW(sim.check_nothing_left(), SimulationError);
    pair.reset();
    sim.check_nothing_left();
}

}  // namespace
}  // namespace bight::testing

// SPDX-License-Identifier: BSL-1.0
/// What the scenarios share. Each runs with many seeds; what must hold is raised where it does not.
#pragma once

#include <bight/asyncio.h>
#include <bight/testing.h>

#include <gtest/gtest.h>

#include "values/sanitizer.h"

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bight::testing {

using namespace std::chrono_literals;

struct Violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline void require(bool holds, std::string_view what) {
    if (!holds) throw Violation(std::string(what));
}

/// Runs so many seeds in ./test, a quarter under a sanitizer (BIGHT_SEEDS is another number for all of them), and some
/// again, which must be the same.
inline void run_seeds(std::string_view name, std::uint64_t count, void (*scenario)(Simulation&),
                      SimulationOptions options = {}) {
    if (bight::detail::is_sanitized) count /= 4;
    std::uint64_t ran = for_each_seed(name, {.first = 1, .count = count}, scenario, options);
    ::testing::Test::RecordProperty("seeds", std::to_string(ran));
    constexpr std::uint64_t replays = 10;
    for (options.seed = 1; options.seed <= replays; ++options.seed) {
        Simulation first(options), second(options);
        scenario(first);
        scenario(second);
        ASSERT_EQ(first.trace_hash(), second.trace_hash()) << name << ", seed " << options.seed;
    }
}

/// A link of some kind, as the seed has it.
inline LinkOptions some_link(Simulation& sim) {
    LinkOptions options;
    options.delay = Duration(static_cast<Duration::rep>(sim.random(20'000'000)));
    options.jitter = Duration(static_cast<Duration::rep>(sim.random(10'000'000)));
    options.loss = static_cast<double>(sim.random(3)) * 0.05;
    options.duplicate = static_cast<double>(sim.random(3)) * 0.05;
    if (sim.random(4) == 0) options.rate = 100'000 + sim.random(10'000'000);
    return options;
}

/// Text in which every place can be told from every other.
inline std::string numbered(std::uint64_t which, std::size_t size) {
    std::string text;
    text.reserve(size + 24);
    for (std::uint64_t i = 0; text.size() < size; ++i) text += std::to_string(which) + ':' + std::to_string(i) + ' ';
    text.resize(size);
    return text;
}

inline Duration some_time(Simulation& sim, Duration most) {
    return Duration(static_cast<Duration::rep>(sim.random(static_cast<std::uint64_t>(most.count()) + 1)));
}

inline Task<> write_all(Stream* stream, std::string data, bool ends) {
    co_await stream->write(data);
    if (ends) stream->write_eof();
}

inline Task<> echo(Stream client) {
    while (auto data = co_await client.read()) co_await client.write(data);
    co_await client.close();
}

inline Task<> serve_echo(HostPort where) { co_await asyncio::serve(where, echo); }

}  // namespace bight::testing

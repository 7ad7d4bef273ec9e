// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/testing/simulation.h>

#include <cstdint>
#include <functional>
#include <string_view>

namespace bight::testing {

struct Seeds {
    std::uint64_t first = 1;
    std::uint64_t count = 100;
    bool (*has_failed)() = nullptr;  // of a test framework that notes failures instead of raising
};

/// Runs `scenario` in a simulation for each seed, and check_nothing_left() after it. With the first seed that fails it ends:
/// writes a line with that seed to standard error, and raises what was raised.
///
/// BIGHT_SEED in the environment is the only seed then; BIGHT_SEEDS is the count. Returns how many have run.
std::uint64_t for_each_seed(std::string_view name, const Seeds& seeds, const std::function<void(Simulation&)>& scenario,
                            SimulationOptions options = {});

}  // namespace bight::testing

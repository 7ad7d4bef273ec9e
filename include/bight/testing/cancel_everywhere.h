// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/task.h>
#include <bight/testing/simulation.h>

#include <cstddef>
#include <functional>

namespace bight::testing {

/// Runs the coroutine that `make` gives once for each turn of its life, each time in a new simulation of the same seed, and
/// cancels it in that turn. It must then end: cancelled, or as it would have, if that was under way. After each run nothing
/// may be left, as check_nothing_left() sees it. Raises SimulationError that says in which turn it went wrong.
///
/// `make` may prepare hosts and servers, which are not cancelled with it. Returns how often it has run.
std::size_t cancel_everywhere(const std::function<Task<>(Simulation&)>& make, const SimulationOptions& options = {});

}  // namespace bight::testing

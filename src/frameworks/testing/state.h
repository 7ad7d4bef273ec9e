// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/testing/simulation.h>

#include "asyncio/loop_state.h"
#include "engine/sim/engine.h"

#include <deque>
#include <exception>
#include <memory>
#include <string>

namespace bight::testing::detail {

/// A simulation's inside.
struct SimulationState {
    explicit SimulationState(const SimulationOptions& how);

    static SimulationState& of(Simulation& simulation) noexcept { return *simulation.state_; }

    asyncio::detail::Loop& inside() noexcept { return asyncio::detail::Loop::of(*loop); }
    engine::sim::Host& place(const Host& host) noexcept;
    Host& wrap(engine::sim::Host& host);

    /// Nothing goes on: cancels all there is. False where that was done before and has not helped.
    bool give_up(std::string why);
    std::string names_of_tasks() const;

    SimulationOptions options;
    engine::sim::Network network;
    engine::sim::SimEngine* engine = nullptr;
    std::unique_ptr<asyncio::EventLoop> loop;
    std::deque<Host> hosts;  // in the order of the network's
    std::string given_up;    // why
    std::exception_ptr unhandled;
    std::uint64_t turns = 0;
    std::uint64_t turns_at_end = 0;  // when it was given up

    asyncio::detail::TaskState* victim = nullptr;  // to be cancelled
    std::uint64_t victim_turn = 0;
};

}  // namespace bight::testing::detail

// SPDX-License-Identifier: BSL-1.0
#include <bight/testing/seeds.h>

#include <bight/asyncio/cancelled.h>
#include <bight/testing/cancel_everywhere.h>

#include "frameworks/testing/state.h"
#include "sys/environment.h"

#include <charconv>
#include <iostream>
#include <optional>
#include <string>

namespace bight::testing {
namespace {

std::optional<std::uint64_t> number_in(const char* variable) {
    const char* value = sys::environment(variable);
    if (!value) return std::nullopt;
    std::string_view text = value;
    std::uint64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
        throw ValueError(std::string(variable) + "=" + std::string(text) + " is no number");
    return number;
}

std::string text_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& known) {
        return known.what();
    } catch (const asyncio::Cancelled&) {
        return "cancelled";
    } catch (...) {
        return "an exception of unknown type";
    }
}

void tell(std::string_view name, std::uint64_t seed, const std::string& why) {
    std::cerr << "bight: " + std::string(name) + " fails with BIGHT_SEED=" + std::to_string(seed) + ": " + why + '\n';
}

}  // namespace

std::uint64_t for_each_seed(std::string_view name, const Seeds& seeds, const std::function<void(Simulation&)>& scenario,
                            SimulationOptions options) {
    auto only = number_in("BIGHT_SEED");
    std::uint64_t first = only.value_or(seeds.first);
    std::uint64_t count = only ? 1 : number_in("BIGHT_SEEDS").value_or(seeds.count);
    for (std::uint64_t i = 0; i < count; ++i) {
        options.seed = first + i;
        try {
            Simulation simulation(options);
            scenario(simulation);
            simulation.check_nothing_left();
        } catch (...) {
            tell(name, options.seed, text_of(std::current_exception()));
            throw;
        }
        if (seeds.has_failed && seeds.has_failed()) {
            tell(name, options.seed, "a check has failed");
            return i + 1;
        }
    }
    return count;
}

// ---- Cancelling. -------------------------------------------------------------------------------------------------------

namespace {

/// One run with the task cancelled in that turn; 0 is before it begins. False where it had ended before.
bool run_cancelled(const std::function<Task<>(Simulation&)>& make, const SimulationOptions& options,
                   std::uint64_t turn) {
    Simulation simulation(options);
    auto& state = detail::SimulationState::of(simulation);
    auto handle = simulation.loop().create_task(make(simulation));
    state.victim = state.inside().root.last();
    state.victim_turn = turn;
    if (turn == 0) handle.cancel();
    bool was_reached = true;
    auto wait = [&]() -> Task<> {
        try {
            co_await handle;
        } catch (const asyncio::Cancelled&) {}
        was_reached = state.turns >= state.victim_turn;
        state.victim = nullptr;
    };
    simulation.run(wait());
    simulation.check_nothing_left();
    return was_reached;
}

}  // namespace

std::size_t cancel_everywhere(const std::function<Task<>(Simulation&)>& make, const SimulationOptions& options) {
    std::uint64_t turn = 0;
    for (bool is_alive = true; is_alive; ++turn) {
        try {
            is_alive = run_cancelled(make, options, turn);
        } catch (...) {
            throw SimulationError("cancelled in turn " + std::to_string(turn) + " of seed " +
                                  std::to_string(options.seed) + ": " + text_of(std::current_exception()));
        }
    }
    return turn;
}

}  // namespace bight::testing

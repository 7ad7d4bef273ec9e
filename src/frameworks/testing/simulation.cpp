// SPDX-License-Identifier: BSL-1.0
#include <bight/testing/simulation.h>

#include "engine/sim/engine.h"
#include "frameworks/testing/state.h"

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

namespace bight::testing {
namespace detail {
namespace {

namespace sim = engine::sim;

// Where a clock's number runs over: 31, 32 and 62 bits of nanoseconds.
constexpr Duration wraps[] = {Duration(std::int64_t{1} << 31), Duration(std::int64_t{1} << 32),
                              Duration(std::int64_t{1} << 62)};
constexpr Duration before_wrap = std::chrono::milliseconds(50);
constexpr std::uint64_t turns_to_end = 100'000;  // what tasks that were cancelled may take

engine::TimePoint start_of(const SimulationOptions& options) noexcept {
    if (options.start) return engine::TimePoint(*options.start);
    sim::Random random(~options.seed);
    std::uint64_t which = random.below(2 * std::size(wraps));
    if (which < std::size(wraps)) return engine::TimePoint(wraps[which] - random.up_to(before_wrap));
    return engine::TimePoint(random.up_to(std::chrono::hours(24 * 365)));
}

sim::Habits habits_of(const SimulationOptions& options) noexcept {
    return {options.turn,     options.late,    options.short_transfers, options.stream_buffer, options.datagram_buffer,
            options.channels, options.shuffles};
}

sim::Host* where() noexcept {
    auto* task = asyncio::detail::running_loop->current;
    return task ? static_cast<sim::Host*>(asyncio::detail::context_of(*task)) : nullptr;
}

bool stuck(void* context) noexcept {
    auto& state = *static_cast<SimulationState*>(context);
    return state.give_up("everybody waits, and nothing will come");
}

void turn(void* context) noexcept {
    auto& state = *static_cast<SimulationState*>(context);
    ++state.turns;
    if (state.victim && state.turns == state.victim_turn) asyncio::detail::cancel(*state.victim);
    if (state.given_up.empty() && state.turns > state.options.max_turns) state.give_up("it does not end");
    if (!state.given_up.empty() && state.turns > state.turns_at_end + turns_to_end) {
        std::fputs("bight: tasks of a simulation go on for ever, though they were cancelled\n", stderr);
        std::abort();
    }
}

std::unique_ptr<engine::Engine> make_engine(void* context, engine::RunQueue& ready) {
    auto& state = *static_cast<SimulationState*>(context);
    sim::Hooks hooks{&where, &asyncio::detail::Loop::is_call, &stuck, context, &turn};
    auto made = std::make_unique<sim::SimEngine>(ready, state.network, hooks);
    state.engine = made.get();
    return made;
}

void note_error(void* context, std::exception_ptr error, std::string_view) {
    auto& state = *static_cast<SimulationState*>(context);
    if (!state.unhandled) state.unhandled = std::move(error);
}

std::vector<Address> addresses_of(std::initializer_list<std::string_view> texts) {
    std::vector<Address> addresses;
    for (std::string_view text : texts) addresses.push_back(Address::ip(text, 0));
    return addresses;
}

}  // namespace

SimulationState::SimulationState(const SimulationOptions& how)
    : options(how),
      network(how.seed, start_of(how), habits_of(how)),
      loop(asyncio::detail::Loop::with_engine({}, &make_engine, this)) {
    loop->set_exception_handler(&note_error, this);
    hosts.emplace_back(*this, network.main());
}

std::string SimulationState::names_of_tasks() const {
    std::string names;
    for (auto* task = asyncio::detail::Loop::of(*loop).root.first(); task; task = task->next_in_set) {
        if (!names.empty()) names += ", ";
        names += asyncio::detail::name_of(*task);
        if (void* host = asyncio::detail::context_of(*task)) names += " on " + static_cast<sim::Host*>(host)->name;
    }
    return names;
}

bool SimulationState::give_up(std::string why) {
    if (!given_up.empty()) return false;
    turns_at_end = turns;
    given_up = std::move(why);
    if (std::string names = names_of_tasks(); !names.empty()) given_up += ": " + names;
    inside().root.cancel_all();
    return true;
}

// ---- Hosts. ------------------------------------------------------------------------------------------------------------

OnHost::OnHost(SimulationState& simulation, engine::sim::Host& host) noexcept : simulation_(simulation) {
    rare_.context = &host;
    stand_in_.rare = &rare_;
    stand_in_.begin();
    before_ = std::exchange(simulation.inside().current, &stand_in_);
}

OnHost::~OnHost() { simulation_.inside().current = before_; }

}  // namespace detail

const std::string& Host::name() const noexcept { return host_.name; }
Address Host::address(int port) const { return host_.addresses.front().with_port(port); }
asyncio::EventLoop& Host::loop() const noexcept { return *simulation_.loop; }

void Host::crash() {
    host_.is_down = true;
    simulation_.network.crash(host_);
    for (auto* task = simulation_.inside().root.first(); task; task = task->next_in_set)
        if (asyncio::detail::context_of(*task) == &host_) asyncio::detail::cancel(*task);
}

void Host::restart() noexcept { host_.is_down = false; }

// ---- The network. ------------------------------------------------------------------------------------------------------

Simulation::Simulation(const SimulationOptions& options) : state_(std::make_unique<detail::SimulationState>(options)) {}
Simulation::~Simulation() = default;

Host& Simulation::host(std::string_view name, std::initializer_list<std::string_view> addresses) {
    for (Host& host : state_->hosts)
        if (host.name() == name) return host;
    std::vector<Address> found = detail::addresses_of(addresses);
    if (found.empty()) {
        std::size_t number = state_->hosts.size();
        found = {Address::ip("10.77." + std::to_string(number / 256) + '.' + std::to_string(number % 256), 0),
                 Address::ip("fd77::" + std::to_string(number), 0)};
    }
    return state_->hosts.emplace_back(*state_, state_->network.add_host(name, std::move(found)));
}

Host& Simulation::main() noexcept { return state_->hosts.front(); }

namespace {

void describe(engine::sim::Link& link, const LinkOptions& options) noexcept {
    link.delay = options.delay;
    link.jitter = options.jitter;
    link.loss = options.loss;
    link.duplicate = options.duplicate;
    link.rate = options.rate;
}

}  // namespace

void Simulation::link(const Host& a, const Host& b, const LinkOptions& options) {
    describe(state_->network.link(a.host_, b.host_), options);
}

void Simulation::link_all(const LinkOptions& options) { describe(state_->network.defaults, options); }

void Simulation::partition(const Host& a, const Host& b) { state_->network.link(a.host_, b.host_).is_cut = true; }
void Simulation::heal(const Host& a, const Host& b) { state_->network.link(a.host_, b.host_).is_cut = false; }

std::size_t Simulation::reset_connections(const Host& a, const Host& b) {
    return state_->network.reset(a.host_, b.host_);
}

void Simulation::name(std::string_view name, std::initializer_list<std::string_view> addresses, Duration after) {
    state_->network.name(name, {detail::addresses_of(addresses), 0, after});
}

void Simulation::stall(Duration how_long) noexcept { state_->network.advance(how_long); }

// ---- Running. ----------------------------------------------------------------------------------------------------------

asyncio::EventLoop& Simulation::loop() noexcept { return *state_->loop; }

void Simulation::finish(const std::exception_ptr& error) {
    auto& state = *state_;
    loop().cancel_all_tasks();
    if (!state.given_up.empty()) throw SimulationError(std::exchange(state.given_up, {}));
    auto unhandled = std::exchange(state.unhandled, nullptr);
    if (error) std::rethrow_exception(error);
    if (unhandled) std::rethrow_exception(unhandled);
}

std::uint64_t Simulation::seed() const noexcept { return state_->options.seed; }
engine::TimePoint Simulation::time() const noexcept { return state_->network.now(); }
std::uint64_t Simulation::trace_hash() const noexcept { return state_->network.trace.hash(); }
std::uint64_t Simulation::random(std::uint64_t bound) noexcept { return state_->network.random.below(bound); }

SimulationTotals Simulation::totals() const noexcept {
    const engine::sim::Totals& totals = state_->network.totals;
    return {totals.bytes_written,     totals.bytes_read,     totals.bytes_lost,         totals.bytes_held,
            totals.most_bytes_held,   totals.datagrams_sent, totals.datagrams_received, totals.datagrams_lost,
            totals.datagrams_doubled, state_->turns};
}

void Simulation::check_nothing_left() {
    auto& network = state_->network;
    while (auto next = network.next_event()) {
        network.advance_to(*next);
        network.run_due();
    }
    auto& loop = state_->inside();
    auto& totals = network.totals;
    auto require = [](std::uint64_t left, std::string_view what) {
        if (left != 0) throw SimulationError(std::to_string(left) + " left over: " + std::string(what));
    };
    require(loop.live_tasks, "tasks");
    require(state_->engine->counters().channels, "sockets");
    require(loop.timers.size(), "timers");
    require(totals.operations_started - totals.operations_completed, "operations");
    require(totals.bytes_held, "bytes that are neither read nor lost");
    require(totals.bytes_written - totals.bytes_read - totals.bytes_lost, "bytes unaccounted for");
    require(totals.datagrams_sent + totals.datagrams_doubled - totals.datagrams_received - totals.datagrams_lost,
            "datagrams unaccounted for");
}

}  // namespace bight::testing

// SPDX-License-Identifier: BSL-1.0
#include "engine/sim/engine.h"

#include "engine/sim/datagrams.h"
#include "engine/sim/listener.h"
#include "engine/sim/stream.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace bight::engine::sim {

Host& SimEngine::here() noexcept {
    Host* host = hooks_.where();
    return host ? *host : network_.main();
}

bool SimEngine::take_place() noexcept {
    if (counters_.channels >= network_.habits.channels) return false;
    ++counters_.channels;
    return true;
}

// ---- Sockets. ----------------------------------------------------------------------------------------------------------

Result<ChannelOwner> SimEngine::listen(const Address& where, const ListenOptions& options) noexcept {
    if (!take_place()) return std::unexpected(Errno(EMFILE));
    auto opened = Listener::open(*this, here(), where, options);
    if (!opened) leave_place();
    return opened;
}

Result<ChannelOwner> SimEngine::open_stream(Family family, const Address* from) noexcept {
    Host& host = here();
    if (from && !host.has(*from)) return std::unexpected(Errno(EADDRNOTAVAIL));
    if (!take_place()) return std::unexpected(Errno(EMFILE));
    auto endpoint = std::make_shared<Endpoint>(network_, host, family);
    if (from) endpoint->local = *from;
    return ChannelOwner(new StreamChannel(*this, std::move(endpoint)));
}

Result<ChannelOwner> SimEngine::open_datagrams(Family family, const Address* local, const Address* remote,
                                               const DatagramOptions& options) noexcept {
    if (!take_place()) return std::unexpected(Errno(EMFILE));
    auto opened = Datagrams::open(*this, here(), family, local, remote, options);
    if (!opened) leave_place();
    return opened;
}

Result<ChannelOwner> SimEngine::adopt(FileDescriptor, Role) noexcept { return std::unexpected(Errno(EOPNOTSUPP)); }
Result<ChannelOwner> SimEngine::watch(int) noexcept { return std::unexpected(Errno(EOPNOTSUPP)); }

// ---- Turns. ------------------------------------------------------------------------------------------------------------

void SimEngine::tell(Operation& operation) {
    operation.queued = true;
    if (operation.verb != Verb::accept && network_.random.chance(network_.habits.late))
        late_.push_back(&operation);
    else
        ready_.push(operation);
}

/// What was late is so no more, for about half of it.
void SimEngine::flush(bool at_least_one) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < late_.size(); ++i) {
        bool is_last_chance = at_least_one && kept == i && i + 1 == late_.size();
        if (!is_last_chance && network_.random.chance(0.5))
            late_[kept++] = late_[i];
        else
            ready_.push(*late_[i]);
    }
    late_.resize(kept);
}

void SimEngine::sleep(std::optional<TimePoint> deadline) {
    while (ready_.empty() && !is_woken_.load(std::memory_order_acquire)) {
        if (!late_.empty()) return flush(true);
        auto next = network_.next_event();
        if (deadline && (!next || *deadline < *next)) return network_.advance_to(*deadline);
        if (next) {
            network_.advance_to(*next);
            network_.run_due();
            continue;
        }
        if (hooks_.stuck(hooks_.context)) return;
        std::fputs("bight: a simulation waits for what will never happen, though all its tasks were cancelled\n",
                   stderr);
        std::abort();
    }
}

/// Callbacks keep their order, and nothing else does.
void SimEngine::shuffle() {
    order_.clear();
    while (Runnable* runnable = ready_.pop()) order_.push_back(runnable);
    std::vector<Runnable*> callbacks;
    for (Runnable* runnable : order_)
        if (hooks_.keeps_order(*runnable)) callbacks.push_back(runnable);
    for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[network_.random.below(i)]);
    auto next = callbacks.begin();
    for (Runnable*& runnable : order_) {
        if (!callbacks.empty() && hooks_.keeps_order(*runnable)) runnable = *next++;
        ready_.push(*runnable);
    }
}

void SimEngine::run_once(bool wait, std::optional<TimePoint> deadline) noexcept {
    ++counters_.turns;
    if (network_.habits.turn > Duration::zero())
        network_.advance(Duration(1) + network_.random.up_to(network_.habits.turn));
    network_.run_due();
    flush(false);
    if (wait && (!deadline || *deadline > network_.now())) sleep(deadline);
    is_woken_.store(false, std::memory_order_relaxed);
    hooks_.turn(hooks_.context);
    if (network_.habits.shuffles) shuffle();
    network_.trace.add(static_cast<std::uint64_t>(network_.now().time_since_epoch().count()));
    network_.trace.add(network_.random.next());
}

}  // namespace bight::engine::sim

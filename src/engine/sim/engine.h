// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/engine.h"
#include "engine/sim/network.h"

#include <atomic>
#include <memory>
#include <vector>

namespace bight::engine::sim {

class SimChannel;

/// What the simulation must know of the loop above it.
struct Hooks {
    /// Where the task that runs now is; null: nowhere in particular.
    Host* (*where)() noexcept;

    /// Whether it must not change places with its like: callbacks, which run in order.
    bool (*keeps_order)(const Runnable&) noexcept;

    /// Nothing will ever happen again, and somebody waits for it. False where nothing can be done about it.
    bool (*stuck)(void* context) noexcept;
    void* context;

    /// A turn is about to begin.
    void (*turn)(void* context) noexcept;
};

/// A kernel that is none: no system call, no clock, no chance but the seed's. It waits for nothing: where all wait, the
/// clock jumps to what comes next.
///
/// Which of the things that are ready runs first, when a completion is told, whether an operation that was cancelled had
/// come to its end before: all that a kernel is free to do, this one does by the seed. Memory is taken to be had.
class SimEngine final : public Engine {
public:
    SimEngine(RunQueue& ready, Network& network, const Hooks& hooks) noexcept
        : Engine(ready), network_(network), hooks_(hooks) {}

    std::string_view name() const noexcept override { return "sim"; }

    Result<ChannelOwner> listen(const Address& where, const ListenOptions& options) noexcept override;
    Result<ChannelOwner> open_stream(Family family, const Address* from) noexcept override;
    Result<ChannelOwner> open_datagrams(Family family, const Address* local, const Address* remote,
                                        const DatagramOptions& options) noexcept override;
    /// There are no descriptors here.
    Result<ChannelOwner> adopt(FileDescriptor fd, Role role) noexcept override;
    Result<ChannelOwner> watch(int fd) noexcept override;

    std::optional<Resolved> resolve(const HostPort& where) override { return network_.resolve(where); }
    std::size_t channel_limit() const noexcept override { return network_.habits.channels; }

    TimePoint now() noexcept override { return network_.now(); }
    void run_once(bool wait, std::optional<TimePoint> deadline) noexcept override;
    void wake() noexcept override { is_woken_.store(true, std::memory_order_release); }

    Network& network() noexcept { return network_; }
    Host& here() noexcept;

    /// Puts an operation into the loop's queue, now or some turns later.
    void tell(Operation& operation);

    /// For channels: one more, unless there are too many; one less.
    bool take_place() noexcept;
    void leave_place() noexcept { --counters_.channels; }

    void completed() noexcept {
        ++counters_.completions;
        ++network_.totals.operations_completed;
    }

private:
    Result<ChannelOwner> checked(std::unique_ptr<SimChannel, DropChannel> channel) noexcept;
    void flush(bool at_least_one);
    void sleep(std::optional<TimePoint> deadline);
    void shuffle();

    Network& network_;
    Hooks hooks_;
    std::vector<Operation*> late_;
    std::vector<Runnable*> order_;
    std::atomic<bool> is_woken_{false};
};

}  // namespace bight::engine::sim

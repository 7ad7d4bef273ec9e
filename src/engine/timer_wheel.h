// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/engine/timer.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace bight::engine {

/// Timers by their time: arming and disarming take constant time, however many there are.
///
/// A hierarchical wheel: eight levels of 64 slots, each level's slot as wide as the whole level below, the first
/// 65,536 ns; so every time a clock can show has a place. Within the slot that is next, times count to the nanosecond:
/// nothing is early, and what sleeps is told exactly until when. Equal times run in the order in which they were armed.
class TimerWheel {
public:
    /// `now` is where the clock stands.
    explicit TimerWheel(TimePoint now) noexcept;
    TimerWheel(const TimerWheel&) = delete;
    TimerWheel& operator=(const TimerWheel&) = delete;

    /// Arms `timer`, which must not be armed, for `timer.when`; what is past is due at once.
    void add(Timer& timer) noexcept;

    /// Disarms it; nothing happens where it is not armed.
    void remove(Timer& timer) noexcept;

    /// Runs what is due at `now`, soonest first. What is armed meanwhile waits for the next call, due or not.
    void run(TimePoint now) noexcept;

    /// The soonest, if there is any. Among very many that are far away it may say a time before that, to be asked again then.
    std::optional<TimePoint> next() const noexcept;

    /// One that is armed, null where none is.
    Timer* any() noexcept;

    std::size_t size() const noexcept { return size_; }

private:
    static constexpr unsigned slot_bits = 6;
    static constexpr unsigned slots = 1u << slot_bits;
    static constexpr unsigned first_shift = 16;
    static constexpr unsigned levels = (64 - first_shift) / slot_bits;

    static constexpr unsigned is_due = levels * slots;  // the slot of a timer that run() has taken out

    struct Ring : Timer {  // a list's anchor
        Ring() noexcept { next = previous = this; }
        bool empty() const noexcept { return next == this; }
    };

    static std::uint64_t ticks(TimePoint time) noexcept;
    static void link(Ring& ring, Timer& timer) noexcept;
    static void unlink(Timer& timer) noexcept;
    static void move_all(Ring& from, Ring& to) noexcept;
    static void sort(Ring& ring) noexcept;

    static constexpr unsigned most_looked_at = 64;
    TimePoint start_of(unsigned level, unsigned slot) const noexcept;
    void place(Timer& timer) noexcept;
    void advance(std::uint64_t tick) noexcept;
    void cascade(unsigned level) noexcept;
    unsigned slot_of(std::uint64_t tick, unsigned level) const noexcept {
        return static_cast<unsigned>(tick >> (slot_bits * level)) & (slots - 1);
    }

    std::array<std::array<Ring, slots>, levels> rings_;
    std::array<std::uint64_t, levels> occupied_{};  // a bit for each slot that is not empty
    std::uint64_t current_;                         // the tick whose slot is next
    std::size_t size_ = 0;
};

}  // namespace bight::engine

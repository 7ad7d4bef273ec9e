// SPDX-License-Identifier: BSL-1.0
#include "engine/timer_wheel.h"

#include <utility>

namespace bight::engine {

TimerWheel::TimerWheel(TimePoint now) noexcept : current_(ticks(now)) {}

// ---- Lists. ------------------------------------------------------------------------------------------------------------

std::uint64_t TimerWheel::ticks(TimePoint time) noexcept {
    auto count = time.time_since_epoch().count();
    return count < 0 ? 0 : static_cast<std::uint64_t>(count) >> first_shift;
}

void TimerWheel::link(Ring& ring, Timer& timer) noexcept {
    timer.previous = ring.previous;
    timer.next = &ring;
    ring.previous->next = &timer;
    ring.previous = &timer;
}

void TimerWheel::unlink(Timer& timer) noexcept {
    timer.previous->next = timer.next;
    timer.next->previous = timer.previous;
    timer.next = timer.previous = nullptr;
}

void TimerWheel::move_all(Ring& from, Ring& to) noexcept {
    if (from.empty()) return;
    from.next->previous = to.previous;
    to.previous->next = from.next;
    from.previous->next = &to;
    to.previous = from.previous;
    from.next = from.previous = &from;
}

// Stable, by merging: `bins` hold sorted runs of 1, 2, 4 … timers, linked by `next` alone until the end.
void TimerWheel::sort(Ring& ring) noexcept {
    if (ring.empty() || ring.next->next == &ring) return;
    auto merge = [](Timer* a, Timer* b) {
        Timer head;
        Timer* last = &head;
        while (a && b) {
            Timer*& first = b->when < a->when ? b : a;
            last->next = first;
            last = first;
            first = first->next;
        }
        last->next = a ? a : b;
        return head.next;
    };
    std::array<Timer*, 64> bins{};
    ring.previous->next = nullptr;
    for (Timer* timer = ring.next; timer;) {
        Timer* run = timer;
        timer = timer->next;
        run->next = nullptr;
        std::size_t bin = 0;
        for (; bins[bin]; ++bin) run = merge(std::exchange(bins[bin], nullptr), run);
        bins[bin] = run;
    }
    Timer* sorted = nullptr;
    for (Timer* bin : bins)
        if (bin) sorted = sorted ? merge(bin, sorted) : bin;
    Timer* last = &ring;
    for (Timer* timer = sorted; timer; timer = timer->next) {
        last->next = timer;
        timer->previous = last;
        last = timer;
    }
    last->next = &ring;
    ring.previous = last;
}

// ---- The wheel. --------------------------------------------------------------------------------------------------------

void TimerWheel::place(Timer& timer) noexcept {
    std::uint64_t tick = ticks(timer.when);
    if (tick < current_) tick = current_;
    std::uint64_t differing = tick ^ current_;
    unsigned level = differing == 0 ? 0 : static_cast<unsigned>(std::bit_width(differing) - 1) / slot_bits;
    unsigned slot = slot_of(tick, level);
    timer.slot = static_cast<std::uint16_t>(level * slots + slot);
    link(rings_[level][slot], timer);
    occupied_[level] |= std::uint64_t{1} << slot;
}

void TimerWheel::add(Timer& timer) noexcept {
    place(timer);
    ++size_;
}

void TimerWheel::remove(Timer& timer) noexcept {
    if (!timer.is_armed()) return;
    unlink(timer);
    --size_;
    if (timer.slot == is_due) return;
    unsigned level = timer.slot / slots;
    unsigned slot = timer.slot % slots;
    if (rings_[level][slot].empty()) occupied_[level] &= ~(std::uint64_t{1} << slot);
}

// Spreads the slot of `level` that the current tick has entered over the levels below.
void TimerWheel::cascade(unsigned level) noexcept {
    unsigned slot = slot_of(current_, level);
    if (rings_[level][slot].empty()) return;
    Ring all;
    move_all(rings_[level][slot], all);
    occupied_[level] &= ~(std::uint64_t{1} << slot);
    while (!all.empty()) {
        Timer& timer = *all.next;
        unlink(timer);
        place(timer);
    }
}

void TimerWheel::advance(std::uint64_t tick) noexcept {
    std::uint64_t differing = tick ^ current_;
    current_ = tick;
    if (differing < slots) return;
    unsigned top = static_cast<unsigned>(std::bit_width(differing) - 1) / slot_bits;
    for (unsigned level = top; level > 0; --level) cascade(level);
}

void TimerWheel::run(TimePoint now) noexcept {
    std::uint64_t until = ticks(now);
    Ring due;
    while (size_ > 0) {
        // The next slot with something in it, at most `until`: first of the lowest level that has any.
        std::uint64_t tick = 0;
        unsigned level = 0;
        for (; level < levels; ++level) {
            std::uint64_t ahead = occupied_[level] >> slot_of(current_, level) << slot_of(current_, level);
            if (ahead == 0) continue;
            auto slot = static_cast<std::uint64_t>(std::countr_zero(ahead));
            std::uint64_t width = slot_bits * level;
            tick = ((current_ >> width & ~std::uint64_t{slots - 1}) | slot) << width;
            break;
        }
        if (level == levels || tick > until) break;
        if (tick > current_) advance(tick);
        if (level > 0) continue;  // what was there lies in lower levels now
        unsigned slot = slot_of(tick, 0);
        Ring& ring = rings_[0][slot];
        if (tick < until) {
            for (Timer* timer = ring.next; timer != &ring; timer = timer->next) timer->slot = is_due;
            move_all(ring, due);
            occupied_[0] &= ~(std::uint64_t{1} << slot);
            continue;
        }
        Ring later;
        while (!ring.empty()) {
            Timer& timer = *ring.next;
            unlink(timer);
            bool has_come = timer.when <= now;
            if (has_come) timer.slot = is_due;
            link(has_come ? due : later, timer);
        }
        move_all(later, ring);
        if (ring.empty()) occupied_[0] &= ~(std::uint64_t{1} << slot);
        break;
    }
    if (until > current_) advance(until);
    sort(due);
    while (!due.empty()) {
        Timer& timer = *due.next;
        unlink(timer);
        --size_;
        timer.due(timer);
    }
}

TimePoint TimerWheel::start_of(unsigned level, unsigned slot) const noexcept {
    unsigned width = slot_bits * level;
    std::uint64_t tick = ((current_ >> width & ~std::uint64_t{slots - 1}) | slot) << width;
    return TimePoint(Duration(static_cast<std::int64_t>(tick << first_shift)));
}

std::optional<TimePoint> TimerWheel::next() const noexcept {
    if (size_ == 0) return std::nullopt;
    for (unsigned level = 0; level < levels; ++level) {
        std::uint64_t ahead = occupied_[level] >> slot_of(current_, level) << slot_of(current_, level);
        if (ahead == 0) continue;
        const Ring& ring = rings_[level][static_cast<unsigned>(std::countr_zero(ahead))];
        TimePoint soonest = ring.next->when;
        unsigned looked_at = 1;
        for (const Timer* timer = ring.next->next; timer != &ring; timer = timer->next) {
            if (++looked_at > most_looked_at && level > 0)
                return start_of(level, static_cast<unsigned>(std::countr_zero(ahead)));
            if (timer->when < soonest) soonest = timer->when;
        }
        return soonest;
    }
    return std::nullopt;
}

Timer* TimerWheel::any() noexcept {
    for (unsigned level = 0; level < levels; ++level)
        if (occupied_[level] != 0) return rings_[level][static_cast<unsigned>(std::countr_zero(occupied_[level]))].next;
    return nullptr;
}

}  // namespace bight::engine

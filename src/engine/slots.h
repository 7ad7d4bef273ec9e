// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bight::engine {

/// Numbers for channels, to give to the kernel in place of pointers: what comes back late, for one that has gone, is known
/// by its generation.
template <class Channel>
class Slots {
public:
    /// Its slot. Raises std::bad_alloc.
    std::uint32_t add(Channel& channel) {
        if (free_ == none) {
            places_.push_back({nullptr, 0, none});
            free_ = static_cast<std::uint32_t>(places_.size() - 1);
        }
        std::uint32_t slot = free_;
        Place& place = places_[slot];
        free_ = place.next_free;
        place.channel = &channel;
        return slot;
    }

    void remove(std::uint32_t slot) noexcept {
        Place& place = places_[slot];
        place.channel = nullptr;
        place.generation = (place.generation + 1) & generation_mask;
        place.next_free = free_;
        free_ = slot;
    }

    /// Null for one that has gone.
    Channel* find(std::uint32_t slot, std::uint32_t generation) const noexcept {
        if (slot >= places_.size()) return nullptr;
        const Place& place = places_[slot];
        return place.generation == generation ? place.channel : nullptr;
    }

    /// Which of those that had the slot has it now.
    std::uint32_t generation(std::uint32_t slot) const noexcept { return places_[slot].generation; }

    static constexpr std::uint32_t generation_mask = 0xffffff;  // 24 bits, which is what all engines have room for

private:
    static constexpr std::uint32_t none = UINT32_MAX;
    struct Place {
        Channel* channel;
        std::uint32_t generation;
        std::uint32_t next_free;
    };
    std::vector<Place> places_;
    std::uint32_t free_ = none;
};

}  // namespace bight::engine

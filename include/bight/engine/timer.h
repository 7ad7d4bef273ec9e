// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/time.h>

#include <chrono>
#include <cstdint>

namespace bight::engine {

/// CLOCK_MONOTONIC, or the simulation's own.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// Something that is due once, at a time. Stands in what it belongs to; a wheel knows it from add() to its end.
struct Timer {
    Timer() noexcept = default;
    explicit Timer(void (*when_due)(Timer&) noexcept) noexcept : due(when_due) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    bool is_armed() const noexcept { return next != nullptr; }

    Timer* next = nullptr;
    Timer* previous = nullptr;
    TimePoint when{};
    void (*due)(Timer&) noexcept = nullptr;
    std::uint16_t slot = 0;
};

}  // namespace bight::engine

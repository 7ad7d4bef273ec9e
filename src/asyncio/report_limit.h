// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/engine/timer.h>

#include <chrono>
#include <cstdint>
#include <utility>

namespace bight::asyncio::detail {

/// Keeps what is told to a few in a second, and counts what is not: a fault of all connections must not fill a disk.
class ReportLimit {
public:
    /// Whether one more may be told at this time.
    bool admits(engine::TimePoint now) noexcept {
        if (now >= end_) {
            end_ = now + std::chrono::seconds(1);
            told_ = 0;
        }
        if (told_ == most_in_a_second) {
            ++left_out_;
            return false;
        }
        ++told_;
        return true;
    }

    /// How many were not told since this was asked.
    std::uint64_t take_left_out() noexcept { return std::exchange(left_out_, 0); }

private:
    static constexpr unsigned most_in_a_second = 10;

    engine::TimePoint end_ = engine::TimePoint::min();
    unsigned told_ = 0;
    std::uint64_t left_out_ = 0;
};

}  // namespace bight::asyncio::detail

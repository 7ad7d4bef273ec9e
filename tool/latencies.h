// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/time.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bight::tool {

/// How long requests took, counted in bins that are 1/64 of their value wide at the most: exact below 64 ns, and of a fixed
/// size, however many there are.
class Latencies {
public:
    /// So long, `times` of them: one or more.
    void record(Duration latency, std::uint64_t times = 1) noexcept {
        auto value = static_cast<std::uint64_t>(latency.count() < 0 ? 0 : latency.count());
        if (count_ == 0 || value < least_) least_ = value;
        bins_[bin_of(value)] += times;
        count_ += times;
        sum_ += static_cast<double>(value) * static_cast<double>(times);
        if (value > most_) most_ = value;
    }

    std::uint64_t count() const noexcept { return count_; }
    Duration least() const noexcept { return Duration(least_); }
    Duration most() const noexcept { return Duration(most_); }
    Duration mean() const noexcept {
        return Duration(count_ == 0 ? 0 : static_cast<std::int64_t>(sum_ / static_cast<double>(count_)));
    }

    /// What `part` of them, 0 to 1, did not exceed: the upper end of that bin, and never more than most().
    Duration quantile(double part) const noexcept;

private:
    static constexpr unsigned fine = 6;  // 64 bins for each power of two

    static constexpr std::size_t bin_of(std::uint64_t value) noexcept {
        if (value < (1U << fine)) return value;
        auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - fine;
        return (std::size_t{shift} << fine) + (value >> shift);
    }
    static constexpr std::uint64_t upper_end(std::size_t bin) noexcept {
        if (bin < (2U << fine)) return bin;
        auto shift = static_cast<unsigned>(bin >> fine) - 1;
        std::uint64_t value = bin - (std::size_t{shift} << fine);
        return ((value + 1) << shift) - 1;
    }

    std::array<std::uint64_t, std::size_t{65 - fine} << fine> bins_{};
    std::uint64_t count_ = 0;
    double sum_ = 0;  // of nanoseconds
    std::uint64_t least_ = 0;
    std::uint64_t most_ = 0;
};

}  // namespace bight::tool

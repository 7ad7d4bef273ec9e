// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/time.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bight::asyncio {

/// How long the turns of a loop took, from the first callback to the last: for so long nobody else was served.
struct LagHistogram {
    static constexpr std::size_t buckets = 20;

    /// Turns of at most `limit(i)`, but of more than `limit(i - 1)`; the last ones are longer than all limits.
    std::array<std::uint64_t, buckets + 1> counts{};
    Duration sum{};
    Duration longest{};

    /// 1 us, 2 us, 4 us … 524 ms.
    static constexpr Duration limit(std::size_t bucket) noexcept {
        return std::chrono::microseconds(std::uint64_t{1} << bucket);
    }
    void record(Duration turn) noexcept;
};

/// What a loop has counted since it was made: EventLoop::metrics().
struct LoopMetrics {
    std::uint64_t turns = 0;           // each runs what is ready; in many it asks the kernel
    std::uint64_t completions = 0;     // operations that ended after a wait
    std::uint64_t no_buffers = 0;      // receives that found no buffer ready, and went another way
    std::uint64_t channels = 0;        // sockets and pipes that are open
    std::uint64_t accepted = 0;        // connections, by its servers
    std::uint64_t tasks = 0;           // that have not ended
    std::uint64_t tasks_begun = 0;     // ever
    std::uint64_t slow_callbacks = 0;  // in debug mode
    bool has_lag = false;              // whether `lag` is measured: LoopOptions::measure_lag, and in debug mode
    LagHistogram lag{};

    /// Prometheus' text format, version 0.0.4. `labels` goes between the braces of each line as it is: `worker="1"`. In a
    /// value \\ stands for a backslash, \" for a quotation mark and \n for a newline: that is the caller's business.
    std::string to_text(std::string_view labels = {}) const;
};

/// One of several loops; `labels` as LoopMetrics::to_text() takes them.
struct LabelledMetrics {
    std::string_view labels;
    LoopMetrics metrics;
};

/// The text of several loops, whose labels must differ: each metric once, with the samples of all, as the format wants it.
std::string to_text(std::span<const LabelledMetrics> loops);

}  // namespace bight::asyncio

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>

namespace bench {

/// One side of a comparison: does its work `turns` times.
using Side = std::function<void(long turns)>;

/// What the pairs said. Times are CPU time of the thread, in nanoseconds of one turn.
struct PairResult {
    int pairs = 0;
    double ratio = 0;      // median of ours / theirs, pair by pair
    double low = 0;        // 95 % interval of that median, by the order of the ratios alone
    double high = 0;
    double ours_ns = 0;    // medians of the windows
    double theirs_ns = 0;
};

/// Runs the two sides by turns, in windows of about two milliseconds; of each pair, every second time the other side
/// goes first, so that what drifts slowly falls on both.
PairResult run_pairs(const Side& ours, const Side& theirs, int pairs);

/// Keeps this thread on one core, the last that it may use, so that both sides have the same caches.
void stay_on_one_core();

}  // namespace bench

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <functional>
#include <utility>

#include <time.h>

namespace bench {

/// What a clock of the system says, in nanoseconds.
double clock_ns(clockid_t clock);

/// CPU time of this thread, in nanoseconds. Not the clock on the wall: a window in which another process had the core
/// is then no longer than others.
double thread_cpu_ns();

/// One side of a comparison: does its work `turns` times, and has a clock that says what that took.
struct Side {
    template <std::invocable<long> Work>
    Side(Work the_work, std::function<double()> the_clock = thread_cpu_ns)
        : work(std::move(the_work)), clock(std::move(the_clock)) {}

    std::function<void(long turns)> work;
    std::function<double()> clock;
};

/// What the pairs said. Times are nanoseconds of one turn.
struct PairResult {
    int pairs = 0;
    double ratio = 0;  // median of ours / theirs, two pairs by two
    double low = 0;    // 95 % interval of that median, by the order of the ratios alone
    double high = 0;
    double ours_ns = 0;  // medians of the windows
    double theirs_ns = 0;
};

inline constexpr double usual_window_ns = 2e6;

/// Runs the two sides by turns, in windows of about that length; of each pair, every second time the other side goes first.
/// One ratio is of two such pairs, so that what drifts slowly, and what it costs to begin anew, falls on both.
PairResult run_pairs(const Side& ours, const Side& theirs, int pairs, double window_ns = usual_window_ns);

/// Keeps this thread on one core, the last that it may use, so that both sides have the same caches.
void stay_on_one_core();

}  // namespace bench

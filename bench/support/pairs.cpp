// SPDX-License-Identifier: BSL-1.0
#include "support/pairs.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <sched.h>

namespace bench {
namespace {

double time_of(const Side& side, long turns) {
    double begin = side.clock();
    side.work(turns);
    return (side.clock() - begin) / static_cast<double>(turns);
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    std::size_t middle = values.size() / 2;
    return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// How many turns make a window; runs the side for some windows on the way, which warms it up.
long turns_of_a_window(const Side& side, double window_ns) {
    side.work(1);  // what is begun only when it is needed begins outside
    long turns = 1;
    while (true) {
        double taken = time_of(side, turns) * static_cast<double>(turns);
        if (taken >= window_ns / 2) return std::max(1L, std::lround(static_cast<double>(turns) * window_ns / taken));
        turns *= 2;
    }
}

}  // namespace

double clock_ns(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

double thread_cpu_ns() { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }

PairResult run_pairs(const Side& ours, const Side& theirs, int pairs, double window_ns) {
    long turns = turns_of_a_window(theirs, window_ns);
    ours.work(1);
    (void)time_of(ours, turns);
    // The side that goes first in a pair was the last of the pair before, and is warm: so a ratio is that of two pairs.
    std::vector<double> ratios, ours_ns, theirs_ns;
    for (int i = 0; i < std::max(pairs / 2, 1); ++i) {
        double ours_warm = time_of(ours, turns), theirs_cold = time_of(theirs, turns);
        double theirs_warm = time_of(theirs, turns), ours_cold = time_of(ours, turns);
        ours_ns.push_back((ours_warm + ours_cold) / 2);
        theirs_ns.push_back((theirs_warm + theirs_cold) / 2);
        ratios.push_back(ours_ns.back() / theirs_ns.back());
    }
    PairResult result{pairs, median(ratios), 0, 0, median(ours_ns), median(theirs_ns)};
    // The ranks between which the true median lies in 95 of 100 cases, whatever the distribution.
    std::ranges::sort(ratios);
    double count = static_cast<double>(ratios.size()), spread = 1.96 * std::sqrt(count) / 2;
    auto rank = [&](double place) { return ratios[static_cast<std::size_t>(std::clamp(place, 0.0, count - 1))]; };
    result.low = rank(std::floor(count / 2 - spread - 0.5));
    result.high = rank(std::ceil(count / 2 + spread - 0.5));
    return result;
}

void stay_on_one_core() {
    cpu_set_t allowed;
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    int last = CPU_SETSIZE - 1;
    while (last > 0 && !CPU_ISSET(static_cast<std::size_t>(last), &allowed)) --last;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(last), &one);
    (void)::sched_setaffinity(0, sizeof one, &one);
}

}  // namespace bench

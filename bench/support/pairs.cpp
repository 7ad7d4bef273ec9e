// SPDX-License-Identifier: BSL-1.0
#include "support/pairs.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <sched.h>

namespace bench {
namespace {

constexpr double window_ns = 2e6;

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
long turns_of_a_window(const Side& side) {
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

PairResult run_pairs(const Side& ours, const Side& theirs, int pairs) {
    long turns = turns_of_a_window(theirs);
    (void)time_of(ours, turns);
    std::vector<double> ratios, ours_ns, theirs_ns;
    for (int i = 0; i < pairs; ++i) {
        bool ours_first = i % 2 == 0;
        double first = time_of(ours_first ? ours : theirs, turns);
        double second = time_of(ours_first ? theirs : ours, turns);
        ours_ns.push_back(ours_first ? first : second);
        theirs_ns.push_back(ours_first ? second : first);
        ratios.push_back(ours_ns.back() / theirs_ns.back());
    }
    PairResult result{pairs, median(ratios), 0, 0, median(ours_ns), median(theirs_ns)};
    // The ranks between which the true median lies in 95 of 100 cases, whatever the distribution.
    std::ranges::sort(ratios);
    double count = pairs, spread = 1.96 * std::sqrt(count) / 2;
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

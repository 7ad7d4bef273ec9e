// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/file.h>
#include <bight/time.h>

#include "blocking/deadline.h"
#include "sys/calls.h"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace bight {

/// How long a reader waits for one message, in all. Bytes that come do not begin any limit anew.
struct ReadPace {
    sys::TimePoint whole_by = sys::TimePoint::max();  // the end of the message
    std::size_t least_rate = 0;                       // bytes a second, 0 for none
    Duration grace{};                                 // from the first byte on, in which no rate is asked for

    sys::TimePoint first_byte{};
    std::size_t received = 0;
    bool too_late = false, too_slow = false;  // which limit has run out

    void count(std::size_t bytes) noexcept {
        if (received == 0) first_byte = sys::now();
        received += bytes;
    }

    /// When the next wait is to end.
    sys::TimePoint end(Timeout of_each_call) const noexcept {
        auto end = std::min(whole_by, by_rate());
        return of_each_call ? std::min(end, end_of(sys::now(), *of_each_call)) : end;
    }

    /// The wait has ended in vain.
    void blame() noexcept {
        auto now = sys::now();
        too_late = now >= whole_by;
        too_slow = !too_late && now >= by_rate();
    }

private:
    sys::TimePoint by_rate() const noexcept {
        if (least_rate == 0 || received == 0) return sys::TimePoint::max();
        constexpr std::size_t most = Duration::max() / std::chrono::seconds(1);
        auto seconds = static_cast<Duration::rep>(std::min(received / least_rate, most));
        return end_of(end_of(first_byte, grace), std::chrono::seconds(seconds));
    }
};

/// For the library's own use of a reader's inside.
struct ReaderAccess {
    /// What is buffered counts as received. `pace` is null, or outlives the reading.
    static void set_pace(BufferedReader& reader, ReadPace* pace) {
        reader.pace_ = pace;
        if (pace && !reader.buffered().empty()) pace->count(reader.buffered().size());
    }
};

}  // namespace bight

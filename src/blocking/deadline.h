// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/time.h>

#include "sys/calls.h"

namespace bight {

/// The end of a limit that begins then; the end of the clock where it is further off.
constexpr sys::TimePoint end_of(sys::TimePoint begin, Duration limit) noexcept {
    return limit < sys::TimePoint::max() - begin ? begin + limit : sys::TimePoint::max();
}

/// The end of a limit that began when this was made.
class Deadline {
public:
    explicit Deadline(Timeout limit) noexcept {
        if (limit) end_ = end_of(sys::now(), *limit);
    }

    /// What is left of it, zero at the least; unset where there is no limit.
    Timeout left() const noexcept {
        if (end_ == never) return std::nullopt;
        auto rest = end_ - sys::now();
        return rest > Duration::zero() ? rest : Duration::zero();
    }

private:
    static constexpr sys::TimePoint never = sys::TimePoint::max();  // the year 2262
    sys::TimePoint end_ = never;
};

/// Waits until poll(2) has one of `events`, or an error or the peer's end, for `fd`. ETIMEDOUT at the deadline.
Result<void> wait_until_ready(int fd, short events, const Deadline& deadline);

/// A signal came: asks this thread's interrupt hook, which may raise.
void interrupted();

}  // namespace bight

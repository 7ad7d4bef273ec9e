// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>
#include <bight/time.h>

#include "blocking/deadline.h"

#include <cerrno>

namespace bight {

/// The end of a wait; no look at the clock where there is no limit to count down.
inline Deadline deadline_of(const Timeout& timeout) noexcept {
    return Deadline(timeout && *timeout > Duration::zero() ? timeout : Timeout());
}

/// Python's poll() and epoll.poll() wait without limit for a negative one.
inline Timeout negative_is_none(const Timeout& timeout) noexcept {
    return timeout && *timeout >= Duration::zero() ? timeout : Timeout();
}

template <class Attempt, class Check>
[[gnu::noinline]] int go_on_waiting(Errno error, const char* call, const Timeout& timeout, const Deadline& deadline,
                                    Attempt attempt, Check check) {
    while (true) {
        if (error.number() != EINTR) raise_os_error(error, call);
        interrupted();
        check();
        Result<int> ready = attempt(timeout && *timeout > Duration::zero() ? deadline.left() : timeout);
        if (ready) return *ready;
        error = ready.error();
    }
}

/// The answer of `attempt(timeout)`, which waits for many descriptors; after a signal it is made again with the time
/// that is left. Raises OSError, and whatever `check()` does, which looks at what the interrupt hook has left behind.
///
/// The timeout comes by reference, for g++ puts one that came by value together in memory anew at each step, and waits
/// for its own writes. Each frame to return through is dear right after a system call, so this is for the last one
/// before it, and what follows a failure is out of line.
template <class Attempt, class Check>
int insist_on_waiting(const char* call, const Timeout& timeout, const Deadline& deadline, Attempt attempt,
                      Check check) {
    Result<int> ready = attempt(timeout);
    if (ready) [[likely]]
        return *ready;
    return go_on_waiting(ready.error(), call, timeout, deadline, attempt, check);
}

}  // namespace bight

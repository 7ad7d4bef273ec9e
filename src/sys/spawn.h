// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/bytes.h>
#include <bight/error.h>

#include "sys/calls.h"
#include "sys/signal_calls.h"

namespace bight::sys {

/// A pipe: first to read from, second to write to; blocking, close-on-exec, neither of them 0, 1 or 2.
Result<TwoDescriptors> pipe() noexcept;

/// As write(), to a pipe that nobody may read from any more: EPIPE, and no SIGPIPE.
Result<std::size_t> write_pipe(int fd, Bytes data) noexcept;

/// The same open file by a number above 2, close-on-exec.
Result<int> duplicate_above_standard(int fd) noexcept;

struct Spawning {
    char* const* argv;                  // ends with null; the first is the program, looked for in PATH
    char* const* environment;           // null for this process's own
    const char* folder;                 // to run in; null for this one's
    int descriptors[3] = {-1, -1, -1};  // to be its 0, 1 and 2; -1 for ours
    bool error_is_output = false;       // its 2 is to be its 1
    SignalSet blocked = 0;
};

/// Begins a program: the number of the child. It has no descriptor but those three. SIGPIPE and SIGXFSZ do what they do by
/// default. The errno of a failed exec is the result.
Result<int> spawn(const Spawning& what) noexcept;

struct ChildStatus {
    bool has_ended = false;
    int code = 0;  // its status, or minus the number of the signal that ended it
};

/// How a child has ended, which is then collected; with `wait`, waits for that. ECHILD if it is none of ours.
Result<ChildStatus> collect_status(int pid, bool wait) noexcept;

/// By pidfd: a process that has been collected is never mistaken for another. ESRCH then.
Result<void> send_signal(int pidfd, int sig) noexcept;

}  // namespace bight::sys

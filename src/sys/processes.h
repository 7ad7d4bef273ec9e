// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>

namespace bight::sys {

/// The number of the child; 0 in the child.
Result<int> fork() noexcept;

/// A descriptor that is readable when the process has ended.
Result<int> pidfd_open(int pid) noexcept;

/// Collects a child. With `wait`, when it has ended; without, false if it has not. ECHILD if it is none of ours.
Result<bool> collect(int pid, bool wait) noexcept;

/// SIGKILL to a process, by its pidfd, or by its number where there is none (-1).
Result<void> kill(int pid, int pidfd) noexcept;

/// Ends this process at once.
[[noreturn]] void exit_now(int status) noexcept;

}  // namespace bight::sys

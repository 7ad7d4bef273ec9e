// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>

#include <cstddef>

namespace bight::sys {

/// The number of the child; 0 in the child.
Result<int> fork() noexcept;

/// A descriptor that is readable when the process has ended.
Result<int> pidfd_open(int pid) noexcept;

/// Collects a child that has ended; false if it has not. ECHILD if it is none of ours.
Result<bool> collect(int pid) noexcept;

/// SIGKILL to a process, by its pidfd, or by its number where there is none (-1).
Result<void> kill(int pid, int pidfd) noexcept;

/// How many descriptors this process may have.
std::size_t descriptor_limit() noexcept;

/// Ends this process at once.
[[noreturn]] void exit_now(int status) noexcept;

}  // namespace bight::sys

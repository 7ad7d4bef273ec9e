// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>

#include <cstddef>
#include <vector>

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

/// Those that are open, by /proc/self/fd, or where there is none, by looking at each number.
std::vector<int> open_descriptors();

/// This process, of `parent`, is to be killed when the thread that forked it ends; if that is over already, at once.
Result<void> die_with(int parent) noexcept;

/// The number of this process.
int process() noexcept;

/// Memory, all zero, that child processes will share.
Result<void*> map_shared(std::size_t size) noexcept;
void unmap(void* memory, std::size_t size) noexcept;

/// Ends this process at once.
[[noreturn]] void exit_now(int status) noexcept;

}  // namespace bight::sys

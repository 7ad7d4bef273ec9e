// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>
#include <time.h>

namespace bench {

/// A child that runs `serve` until this process ends.
pid_t fork_child(const std::function<void()>& serve);

/// The clock of a process's CPU time.
clockid_t clock_of(pid_t process);

/// fork_child(), and the clock of it.
clockid_t start_child(const std::function<void()>& serve);

/// In a child: becomes another program, and gives it these descriptors. Returns only if that fails.
void become(const std::vector<std::string>& command, const std::vector<int>& inherited);

/// Keeps this process on one core, the first that the machine has, away from where the benchmark itself runs.
void move_to_first_core();

}  // namespace bench

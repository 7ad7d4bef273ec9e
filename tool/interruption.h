// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "exit_code.h"

#include <exception>

namespace bight::tool {

/// SIGINT or SIGTERM came: what was found so far goes out, and the exit code tells.
class Interrupted : public std::exception {
public:
    explicit Interrupted(int signal) : signal_(signal) {}
    const char* what() const noexcept override { return "interrupted"; }
    int exit_code() const noexcept { return exit_code::signalled + signal_; }

private:
    int signal_;
};

/// From now on the first SIGINT or SIGTERM makes the two functions below raise Interrupted; the second one ends the
/// process at once. A signal that was ignored from the start, as nohup and shells do, stays ignored. For commands that
/// read, compute and write; those that wait for sockets have StopSignals.
void watch_interruptions();

void raise_if_interrupted();

/// Waits until reading `fd` would not. Raises Interrupted, OSError.
void wait_readable(int fd);

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>

#include <cstdint>
#include <vector>

namespace bight::sys {

/// Signal n is bit n - 1.
using SignalSet = std::uint64_t;

constexpr SignalSet only(int sig) noexcept { return SignalSet{1} << (sig - 1); }

/// Whether there is a signal of that number that a program may use.
bool is_signal(int sig) noexcept;

/// Whether it can be blocked: not SIGKILL, not SIGSTOP.
bool can_be_caught(int sig) noexcept;

/// What this thread blocks.
SignalSet blocked_signals() noexcept;

/// Blocks more; and unblocks.
Result<void> block_signals(SignalSet signals) noexcept;
Result<void> unblock_signals(SignalSet signals) noexcept;

/// A descriptor that tells of signals, non-blocking; or, for one that is there already, of which ones it tells.
Result<int> signalfd(int fd, SignalSet signals) noexcept;

/// The next signal that has come; EAGAIN where there is none.
Result<int> read_signal(int signalfd) noexcept;

}  // namespace bight::sys

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>
#include <bight/time.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

namespace bight::sys {

/// Begins a thread that nobody joins, and that takes no signal: those are for the program's threads. EAGAIN where the system has no more of them.
Result<void> start_thread(std::function<void()> body) noexcept;

/// Begins a thread that is to be joined. EAGAIN where the system has no more of them.
Result<std::thread> start_joinable(std::function<void()> body) noexcept;

/// Waits as long as `word` is `value`, as futex(2): EINTR after a signal, ETIMEDOUT at the limit. May also return for no
/// reason, and does at once where the word is another.
Result<void> wait_while(const std::atomic<std::uint32_t>& word, std::uint32_t value, Timeout limit) noexcept;

/// Wakes all who wait for a change of `word`. It need not exist any more.
void wake_all(const std::atomic<std::uint32_t>& word) noexcept;

}  // namespace bight::sys

// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace bight::lowlevel {

/// Called on this thread whenever a signal interrupts one of its waiting calls, before the call goes on with the time
/// that is left. It may raise, which ends the call: how a host such as Python runs its signal handlers.
using InterruptHook = void (*)();

/// Sets this thread's hook, null for none, and returns the one before.
InterruptHook set_interrupt_hook(InterruptHook hook) noexcept;

}  // namespace bight::lowlevel

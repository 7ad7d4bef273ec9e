// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace bight::asyncio {

class EventLoop;

namespace detail {

/// From now on whoever runs as the same user, or as root, is told what `loop` does: each connection at the abstract Unix
/// address "bight.ps.PID.N", N the first from 0 on that is free. What is told ends in an empty line; others are told "no".
/// Where no such socket can be had it does nothing, and says why in debug mode.
void observe(EventLoop& loop) noexcept;

}  // namespace detail
}  // namespace bight::asyncio

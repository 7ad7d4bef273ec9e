// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/timeouts.h>

#include <bight/error.h>

#include "asyncio/loop_state.h"

namespace bight::asyncio {
namespace detail {

void Sleep::arm() noexcept {
    auto& loop = static_cast<Loop&>(*running_loop);
    auto now = loop.engine->now();
    when = delay_ < engine::TimePoint::max() - now ? now + delay_ : engine::TimePoint::max();
    due = [](engine::Timer& timer) noexcept { running_loop->ready.push(static_cast<Sleep&>(timer)); };
    loop.timers.add(*this);
}

void Sleep::end(Waiter& waiter) noexcept {
    auto& sleeping = static_cast<Sleep&>(waiter);
    if (!sleeping.is_armed()) return;  // its time has come already
    auto& loop = static_cast<Loop&>(*running_loop);
    loop.timers.remove(sleeping);
    sleeping.was_cancelled_ = true;
    loop.ready.push(sleeping);
}

}  // namespace detail

void TimeoutScope::reschedule(std::optional<engine::TimePoint> when) {
    if (expired()) throw RuntimeError("Cannot change state of expired Timeout");
    deadline_.reschedule(when ? &*when : nullptr);
}

}  // namespace bight::asyncio

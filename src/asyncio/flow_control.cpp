// SPDX-License-Identifier: BSL-1.0
#include "asyncio/flow_control.h"

#include <bight/asyncio/protocol.h>

#include "asyncio/loop_state.h"

#include <limits>
#include <string>

namespace bight::asyncio::detail {

void FlowControl::set_limits(std::optional<std::size_t> high, std::optional<std::size_t> low) {
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
    if (!high) high = !low ? default_high : *low > most / 4 ? most : 4 * *low;
    if (!low) low = *high / 4;
    if (*high < *low)
        throw ValueError("high (" + std::to_string(*high) + ") must be >= low (" + std::to_string(*low) +
                         ") must be >= 0");
    limits_ = {*low, *high};
}

void FlowControl::turn(std::shared_ptr<BaseProtocol> protocol, bool pauses) noexcept {
    is_paused_ = pauses;
    if (!protocol) return;
    try {
        pauses ? protocol->pause_writing() : protocol->resume_writing();
    } catch (...) {
        Loop::running().report(std::current_exception(), pauses ? "pause_writing" : "resume_writing");
    }
}

}  // namespace bight::asyncio::detail

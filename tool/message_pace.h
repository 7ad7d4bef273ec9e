// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "conversation.h"

#include <bight/time.h>

#include <chrono>
#include <cstddef>
#include <optional>

namespace bight::tool {

/// What a client may take for its messages, where the service knows what one is: time, whose messages are lines.
struct MessageLimits {
    Timeout first = std::chrono::seconds(30);        // from its welcome to the end of its first message
    std::size_t least_rate = 100;                    // bytes a second of a message that has begun; 0: none
    Duration rate_grace = std::chrono::seconds(10);  // from its first byte on, in which no rate is asked for
    std::size_t longest = Conversation::longest_line;

    /// Time has no limit; memory has.
    static MessageLimits none() { return {.first = std::nullopt, .least_rate = 0}; }
};

/// By when one client has to go on. Bytes that trickle in begin no limit anew.
class MessagePace {
public:
    using Clock = std::chrono::steady_clock;

    MessagePace(const MessageLimits& limits, Clock::time_point welcome) noexcept : limits_(&limits), begun_(welcome) {}

    /// What has been heard was answered.
    void heard(const Conversation& conversation) noexcept;

    /// For a while the server itself did not listen.
    void resume() noexcept;

    /// Unset between two messages, and where nothing is limited.
    std::optional<Clock::time_point> deadline() const noexcept;

    /// The shorter of `idle` and what is left until the deadline.
    Timeout wait(Timeout idle) const noexcept;

    /// For the client's operator, once the deadline has passed; else null.
    const char* complaint() const noexcept;

private:
    std::optional<Clock::time_point> first_by() const noexcept;
    std::optional<Clock::time_point> rate_by() const noexcept;

    const MessageLimits* limits_;
    Clock::time_point begun_;  // the welcome, or the first byte of the message that is not whole
    Clock::time_point welcome_ = begun_;
    std::size_t messages_ = 0;  // that were whole
    std::size_t pending_ = 0;   // bytes of the one that is not
};

}  // namespace bight::tool

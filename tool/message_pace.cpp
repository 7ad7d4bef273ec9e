// SPDX-License-Identifier: BSL-1.0
#include "message_pace.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace bight::tool {

void MessagePace::heard(const Conversation& conversation) noexcept {
    bool another = std::exchange(messages_, conversation.messages()) != conversation.messages();
    bool begins = pending_ == 0 || another;
    pending_ = conversation.pending();
    if (begins && pending_ > 0) begun_ = Clock::now();
}

void MessagePace::resume() noexcept { begun_ = Clock::now(); }

std::optional<MessagePace::Clock::time_point> MessagePace::first_by() const noexcept {
    if (messages_ > 0 || !limits_->first) return std::nullopt;
    return welcome_ + *limits_->first;
}

std::optional<MessagePace::Clock::time_point> MessagePace::rate_by() const noexcept {
    if (pending_ == 0 || limits_->least_rate == 0) return std::nullopt;
    auto allowed = std::chrono::seconds(1) * static_cast<std::int64_t>(pending_ / limits_->least_rate);
    return begun_ + limits_->rate_grace + allowed;
}

std::optional<MessagePace::Clock::time_point> MessagePace::deadline() const noexcept {
    auto first = first_by(), rate = rate_by();
    if (!first || !rate) return first ? first : rate;
    return std::min(*first, *rate);
}

Timeout MessagePace::wait(Timeout idle) const noexcept {
    auto by = deadline();
    if (!by) return idle;
    auto left = std::max<Duration>(*by - Clock::now(), std::chrono::nanoseconds(1));  // what has come is still taken
    return idle ? std::min(*idle, left) : left;
}

const char* MessagePace::complaint() const noexcept {
    auto now = Clock::now();
    if (auto by = first_by(); by && now >= *by) return "its first message was not whole in time";
    if (auto by = rate_by(); by && now >= *by) return "its message came too slowly";
    return nullptr;
}

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/transport.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>

namespace bight::asyncio::detail {

/// When a protocol is told to stop writing, and to go on.
class FlowControl {
public:
    void set_limits(std::optional<std::size_t> high, std::optional<std::size_t> low);
    const WriteBufferLimits& limits() const noexcept { return limits_; }

    /// Whether so many bytes wait that whoever writes more does not obey pause_writing().
    bool is_over(std::size_t size) const noexcept { return size > std::max(hard_limit, limits_.high); }

    /// So many bytes wait now. What the protocol raises goes to the exception handler. It is held only where it is called:
    /// this is on the way of each write.
    template <class Protocol>
    void grown(std::size_t size, const std::shared_ptr<Protocol>& protocol) noexcept {
        if (size > limits_.high && !is_paused_) turn(protocol, true);
    }
    template <class Protocol>
    void shrunk(std::size_t size, const std::shared_ptr<Protocol>& protocol) noexcept {
        if (size <= limits_.low && is_paused_) turn(protocol, false);
    }

private:
    void turn(std::shared_ptr<BaseProtocol> protocol, bool pauses) noexcept;

    static constexpr std::size_t default_high = std::size_t{64} << 10;

    WriteBufferLimits limits_{default_high / 4, default_high};
    bool is_paused_ = false;
};

}  // namespace bight::asyncio::detail

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/protocol.h>

#include <memory>
#include <utility>

namespace bight::asyncio::detail {

/// What a transport does with its protocol, but calling it.
struct ProtocolAccess {
    template <class Of>
    static void set_transport(TransportSlot<Of>& protocol, std::shared_ptr<Of> transport) noexcept {
        protocol.transport_ = std::move(transport);
    }
};

}  // namespace bight::asyncio::detail

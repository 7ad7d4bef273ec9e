// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/loop.h>
#include <bight/asyncio/protocol.h>

#include <exception>
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

/// The last hook. What it raises goes to the running loop's exception handler.
inline void call_connection_lost(BaseProtocol& protocol, std::exception_ptr error) noexcept {
    try {
        protocol.connection_lost(std::move(error));
    } catch (...) {
        Loop::running().report(std::current_exception(), "connection_lost");
    }
}

}  // namespace bight::asyncio::detail

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/waiter.h>

namespace bight::asyncio::detail {

/// Waits for a connection: 0, and it is the listener's to be taken, or the errno. ECANCELED: the listener was closed.
struct AcceptWait : ChannelWait {
    explicit AcceptWait(engine::Channel& listener) noexcept : ChannelWait(listener, engine::Verb::accept) {}
    int await_resume() const {
        raise_if_cancelled();
        return static_cast<int>(-result);
    }
};

}  // namespace bight::asyncio::detail

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/waiter.h>

#include <cerrno>
#include <coroutine>

namespace bight::asyncio::detail {

/// A transport's wait for input. It stands in the transport while it waits, so that a change there can end it, as a
/// cancellation of the task does.
struct TransportWait : ChannelWait {
    TransportWait(engine::Channel& on, engine::Verb what, TransportWait*& where) noexcept
        : ChannelWait(on, what), place(where) {}

    void await_suspend(TaskCoroutine coroutine) noexcept {
        place = this;
        ChannelWait::await_suspend(coroutine);
    }

protected:
    /// To be asked first on resumption: whether a change has ended it. Raises Cancelled where the task was cancelled.
    bool was_interrupted() {
        place = nullptr;
        if (result != -ECANCELED || !cancelled) return false;
        if (is_cancelled(*running_loop)) raise_cancelled();
        return true;
    }

private:
    TransportWait*& place;
};

}  // namespace bight::asyncio::detail

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/selectors.h>
#include <bight/time.h>

#include <memory>
#include <span>

namespace bight::tool {

/// What an event loop watches. Known by its address, so it stays where it is while it is watched.
class Source {
public:
    virtual ~Source() = default;

    virtual int fileno() const noexcept = 0;

    /// Something can be done. False: it has ended, and the loop may destroy it.
    virtual bool on_ready(Ready ready) = 0;
};

/// The one call in which an event loop waits.
class Waiter {
public:
    struct Event {
        Source* source;
        Ready ready;
    };

    virtual ~Waiter() = default;

    /// Watches `source` for `events`, or for others than before; for none: no longer.
    virtual void watch(Source& source, Ready events) = 0;

    /// What is ready; nothing once the limit has passed. Lent until the next call; forgotten sources may be in it.
    virtual std::span<const Event> wait(Timeout timeout) = 0;

    /// Whether a descriptor of this number can be watched.
    virtual bool takes(int fd) const noexcept = 0;
};

/// On select::select(), for descriptors below FD_SETSIZE.
std::unique_ptr<Waiter> make_select_waiter();

/// On Selector.
std::unique_ptr<Waiter> make_selector_waiter(selectors::Method method);

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/selectors.h>

#include "blocking/insist_on_waiting.h"

#include <memory>
#include <span>
#include <vector>

namespace bight::selectors {

/// The registered keys, each at the index of its descriptor.
using Keys = std::vector<std::shared_ptr<KeyBase>>;

/// One way to wait. Owes: what is added is reported until it is removed, to the key that was added and no other;
/// removing what the kernel has forgotten already is no error.
class Backend {
public:
    virtual ~Backend() = default;

    virtual Result<void> add(const KeyBase& key) = 0;
    virtual Result<void> modify(const KeyBase& key, Ready events) = 0;
    virtual void remove(const KeyBase& key) noexcept = 0;

    /// As remove(), of a descriptor that was closed. Where a duplicate lives, reports may still come, and are stale.
    virtual void forget(const KeyBase& key) noexcept { remove(key); }

    /// Appends to `hits`, which is empty, what is ready, and returns them; `count` is how many keys there are. Goes on
    /// after a signal with the time that is left; raises OSError. The timeout comes by reference, for g++ puts one that
    /// came by value together in memory anew at each step, and waits for its own writes.
    virtual std::span<const Hit> wait(const Keys& keys, std::size_t count, const Timeout& timeout,
                                      std::vector<Hit>& hits) = 0;

    /// The descriptor of its own, -1 for none.
    virtual int fileno() const noexcept { return -1; }

    /// No more calls but this one's, and the end of a wait that is under way.
    virtual void close() noexcept { closed_ = true; }
    bool closed() const noexcept { return closed_; }

protected:
    template <class Attempt>
    int insist(const Timeout& timeout, const Deadline& deadline, Attempt attempt) {
        return insist_on_waiting("select", timeout, deadline, attempt, [this] {
            if (closed_) throw ClosedError("select");  // the hook did it
        });
    }

private:
    bool closed_ = false;
};

/// Raises OSError where the kernel refuses one.
std::unique_ptr<Backend> make_epoll_backend();
std::unique_ptr<Backend> make_poll_backend();
std::unique_ptr<Backend> make_select_backend();

/// What poll(2) and epoll(7) report, as far as it was asked for: an error or a hang-up wakes readers and writers both.
/// The two calls share the bits of `in` and `out`.
constexpr Ready ready_of(unsigned reported, unsigned in, unsigned out, Ready asked) noexcept {
    Ready ready = Ready::none;
    if ((reported & ~out) != 0) ready = ready | Ready::read;
    if ((reported & ~in) != 0) ready = ready | Ready::write;
    return ready & asked;
}

}  // namespace bight::selectors

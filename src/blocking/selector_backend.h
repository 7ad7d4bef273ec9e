// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/selectors.h>

#include "blocking/deadline.h"

#include <cerrno>
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
    int insist_on_waiting(const Timeout& timeout, const Deadline& deadline, Attempt attempt);

private:
    template <class Attempt>
    [[gnu::noinline]] int go_on_waiting(Errno error, const Timeout& timeout, const Deadline& deadline, Attempt attempt);

    bool closed_ = false;
};

/// The end of a wait; no look at the clock where there is no limit to count down.
inline Deadline deadline_of(const Timeout& timeout) noexcept {
    return Deadline(timeout && *timeout > Duration::zero() ? timeout : Timeout());
}

/// The answer of `attempt(timeout)`, which is made again after a signal; raises OSError. For wait(), which is the last
/// frame before the system call for that: each frame to return through is dear right after one. So what follows a
/// failure is out of line.
template <class Attempt>
int Backend::insist_on_waiting(const Timeout& timeout, const Deadline& deadline, Attempt attempt) {
    Result<int> ready = attempt(timeout);
    if (ready) [[likely]]
        return *ready;
    return go_on_waiting(ready.error(), timeout, deadline, attempt);
}

template <class Attempt>
int Backend::go_on_waiting(Errno error, const Timeout& timeout, const Deadline& deadline, Attempt attempt) {
    while (true) {
        if (error.number() != EINTR) raise_os_error(error, "select");
        interrupted();
        if (closed_) throw ClosedError("select");  // the hook did it
        Result<int> ready = attempt(timeout && *timeout > Duration::zero() ? deadline.left() : timeout);
        if (ready) return *ready;
        error = ready.error();
    }
}

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

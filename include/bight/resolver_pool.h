// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/resolver.h>
#include <bight/time.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace bight::socket {

/// Called once, from a thread of the pool, when a look-up has ended; how an event loop is woken. It may use the look-up
/// and the pool, and end either; as long as it runs the thread serves nobody else. Whoever waits in get() may go on
/// before it has returned.
struct LookupNotice {
    void (*call)(void* context) noexcept = nullptr;
    void* context = nullptr;
};

/// A look-up under way. Dropping it abandons the look-up: nobody waits for the resolver, its answer is thrown away.
class Lookup {
public:
    Lookup(Lookup&&) noexcept;
    Lookup& operator=(Lookup&&) noexcept;
    ~Lookup();

    /// Whether get() will not wait.
    bool done() const;

    /// Waits for the answer, and asks the interrupt hook (bight/lowlevel.h) when a signal comes. Raises TimeoutError once
    /// the limit has passed (the look-up goes on and can be waited for again), GaiError as getaddrinfo() does, OSError
    /// (ECANCELED) after cancel() or the end of the pool, and ValueError for a negative limit.
    std::vector<AddrInfo> get(Timeout timeout = {});

    /// Ends the look-up at once, whatever the resolver does. The notice is not called any more once this has returned: one
    /// that is under way is waited for, unless this is called by the notice itself. So two notices must not end each
    /// other's look-ups.
    void cancel() noexcept;

private:
    friend class ResolverPool;
    struct State;
    explicit Lookup(std::shared_ptr<State> state) noexcept;

    std::shared_ptr<State> state_;
};

struct ResolverOptions {
    std::size_t threads = 8;   // at most; begun when they are needed
    std::size_t queue = 1024;  // look-ups that may wait for a thread once all of those are busy
};

/// The system's resolver for those who must not wait: getaddrinfo() in a bounded number of threads of its own.
///
/// getaddrinfo(3) cannot be interrupted. So a thread that is stuck in it is left alone: neither a cancelled look-up nor
/// the destructor waits for it, and it ends when the resolver lets go of it.
class ResolverPool {
public:
    explicit ResolverPool(const ResolverOptions& options = {});
    ResolverPool(const ResolverPool&) = delete;
    ResolverPool& operator=(const ResolverPool&) = delete;

    /// Cancels what is under way, as Lookup::cancel() does.
    ~ResolverPool();

    /// As socket::getaddrinfo(), in the background. Raises BlockingIOError where the queue is full, ValueError for a
    /// host that cannot be looked up, and OSError where not even a first thread can be begun.
    Lookup getaddrinfo(std::optional<std::string_view> host, const Service& service = {},
                       const AddrInfoOptions& options = {}, const LookupNotice& notice = {});

private:
    struct State;
    std::shared_ptr<State> state_;  // shared with the threads, which may outlive the pool
};

}  // namespace bight::socket

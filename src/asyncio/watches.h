// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/loop.h>
#include <bight/asyncio/readiness.h>
#include <bight/engine/operation.h>
#include <bight/error.h>

#include <list>
#include <memory>
#include <unordered_map>

namespace bight::asyncio::detail {

struct Loop;

/// The descriptors of others that a loop waits for: of each one channel, which all share who wait for that number.
class Watches {
public:
    explicit Watches(Loop& loop) noexcept;
    ~Watches();
    Watches(const Watches&) = delete;
    Watches& operator=(const Watches&) = delete;

    /// Calls `call` whenever `fd` is ready, in place of what was called before. The reference is taken where this is done.
    Result<void> set_callback(int fd, Side side, CallState& call);

    /// False where there is none.
    bool remove_callback(int fd, Side side) noexcept;

    Result<void> wait(ReadyWait& waiter);
    void cancelled(ReadyWait& waiter) noexcept;

    /// Lets go of all descriptors, before the engine ends.
    void close() noexcept;

private:
    struct Watched;
    struct Half;

    Result<Watched*> watched(int fd);
    void ready(Half& half) noexcept;
    void call(Half& half) noexcept;
    void settle(Watched& watched) noexcept;
    bool renew(Watched& watched) noexcept;
    void begin(Half& half) noexcept;
    void retire(Watched& watched) noexcept;
    void forget(Watched& watched) noexcept;

    Loop& loop_;
    std::unordered_map<int, Watched*> by_number_;
    std::list<std::unique_ptr<Watched>> all_;  // also those that still wait for a last answer of the engine's
};

}  // namespace bight::asyncio::detail

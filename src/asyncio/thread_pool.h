// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/threads.h>

#include <memory>

namespace bight::asyncio::detail {

struct Loop;

/// A loop's threads for what blocks. Begun when they are needed; they end with the pool, but for those in a call, which end
/// after it: the pool waits for none.
class ThreadPool {
public:
    explicit ThreadPool(Loop& loop);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    /// When it is done, `call->waiting` is posted to the loop. Raises OSError where there is no thread to do it.
    void submit(const std::shared_ptr<ThreadCall>& call);

    /// Drops a call that nobody waits for any more. False where its waiter is in the loop's hands already.
    bool abandon(const std::shared_ptr<ThreadCall>& call) noexcept;

private:
    struct State;
    std::shared_ptr<State> state_;  // shared with the threads, which may outlive the pool
};

}  // namespace bight::asyncio::detail

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/waiter.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>

// What locks, queues and their like are made of: waits that stand in a list. Programs need none of it.
namespace bight::asyncio::detail {

class WaitList;

/// A wait that stands in a list until it is woken or cancelled. May be moved until it is awaited.
struct ListedWaiter : QueuedWaiter {
    enum class State : std::uint8_t { idle, listed, woken, cancelled };

    explicit ListedWaiter(Cancel how) noexcept : QueuedWaiter(how) {}

    /// Whether the task was cancelled before: then there is nothing to wait for.
    bool begin() noexcept;

    /// What was wanted is there. True to go on at once; past the budget the others have their turn first, and until then
    /// it counts as woken.
    bool take_turn() noexcept;

    /// Suspends: in `list`, or in the loop's queue where it was woken already.
    void enlist(std::coroutine_handle<> coroutine, WaitList& list) noexcept;

    /// After a cancellation. True where it had been woken: what it was woken for is to be passed on.
    bool end(WaitList& list) noexcept;

    void wake() noexcept;

    void raise_if_cancelled() const {
        if (state == State::cancelled) [[unlikely]]
            raise_cancelled();
    }

    ListedWaiter* next_listed = nullptr;
    ListedWaiter* previous_listed = nullptr;
    State state = State::idle;
};

/// Waits in the order in which they began.
class WaitList {
public:
    WaitList() noexcept = default;
    WaitList(const WaitList&) = delete;
    WaitList& operator=(const WaitList&) = delete;

    bool empty() const noexcept { return first_ == nullptr; }
    std::size_t size() const noexcept { return size_; }

    void push(ListedWaiter& waiter) noexcept { insert(waiter, nullptr); }
    void insert(ListedWaiter& waiter, ListedWaiter* before) noexcept;
    ListedWaiter* first() const noexcept { return first_; }
    void remove(ListedWaiter& waiter) noexcept;

    /// The one that has waited longest, null for none.
    ListedWaiter* pop() noexcept;

    /// Wakes the one that has waited longest; false where nobody waits.
    bool wake_one() noexcept;
    void wake_all() noexcept;

private:
    ListedWaiter* first_ = nullptr;
    ListedWaiter* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace bight::asyncio::detail

// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/wait_list.h>

#include <utility>

namespace bight::asyncio::detail {

bool ListedWaiter::begin() noexcept {
    if (!is_cancelled(*running_loop)) return false;
    state = State::cancelled;
    return true;
}

bool ListedWaiter::take_turn() noexcept {
    state = State::woken;
    return ++running_loop->spent < budget;
}

void ListedWaiter::enlist(std::coroutine_handle<> coroutine, WaitList& list) noexcept {
    suspend(coroutine);
    if (state == State::woken)
        running_loop->ready.push(*this);
    else
        list.push(*this);
}

bool ListedWaiter::end(WaitList& list) noexcept {
    State before = std::exchange(state, State::cancelled);
    if (before == State::listed) {
        list.remove(*this);
        running_loop->ready.push(*this);
    }
    return before == State::woken;
}

void ListedWaiter::wake() noexcept {
    state = State::woken;
    running_loop->ready.push(*this);
}

void WaitList::insert(ListedWaiter& waiter, ListedWaiter* before) noexcept {
    ListedWaiter* behind = before ? before->previous_listed : last_;
    waiter.state = ListedWaiter::State::listed;
    waiter.next_listed = before;
    waiter.previous_listed = behind;
    (behind ? behind->next_listed : first_) = &waiter;
    (before ? before->previous_listed : last_) = &waiter;
    ++size_;
}

void WaitList::remove(ListedWaiter& waiter) noexcept {
    (waiter.previous_listed ? waiter.previous_listed->next_listed : first_) = waiter.next_listed;
    (waiter.next_listed ? waiter.next_listed->previous_listed : last_) = waiter.previous_listed;
    --size_;
}

ListedWaiter* WaitList::pop() noexcept {
    ListedWaiter* front = first_;
    if (front) remove(*front);
    return front;
}

bool WaitList::wake_one() noexcept {
    ListedWaiter* front = pop();
    if (front) front->wake();
    return front != nullptr;
}

void WaitList::wake_all() noexcept {
    while (wake_one()) {}
}

}  // namespace bight::asyncio::detail

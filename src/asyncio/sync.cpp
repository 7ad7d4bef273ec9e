// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/sync.h>

namespace bight::asyncio {

// ---- Lock. -------------------------------------------------------------------------------------------------------------

void Lock::release() {
    if (!locked_) throw RuntimeError("Lock is not acquired.");
    give_back();
}

void Lock::take_for(detail::ListedWaiter& waiter) noexcept {
    if (take())
        waiter.wake();
    else
        waiters_.push(waiter);
}

// ---- Semaphore. --------------------------------------------------------------------------------------------------------

Semaphore::Semaphore(std::ptrdiff_t value) : value_(value) {
    if (value < 0) throw ValueError("Semaphore initial value must be >= 0");
}

void BoundedSemaphore::release() {
    if (value() >= bound_) throw ValueError("BoundedSemaphore released too many times");
    Semaphore::release();
}

// ---- Condition. --------------------------------------------------------------------------------------------------------

bool Condition::Wait::await_ready() {
    if (!condition->locked()) throw RuntimeError("cannot wait on un-acquired lock");
    was_cancelled = begin();
    return was_cancelled;
}

void Condition::Wait::await_suspend(detail::TaskCoroutine coroutine) noexcept {
    enlist(coroutine, condition->waiters_);
    condition->lock_->give_back();
}

// Whatever happens, it goes on with the lock. A notification that it cannot use any more is another one's.
void Condition::Wait::end_wait(detail::Waiter& waiter) noexcept {
    auto& wait = static_cast<Wait&>(waiter);
    if (std::exchange(wait.was_cancelled, true)) return;
    if (wait.was_notified) return wait.condition->wake(1);
    wait.condition->waiters_.remove(wait);
    wait.condition->lock_->take_for(wait);
}

void Condition::notify(std::size_t count) {
    if (!locked()) throw RuntimeError("cannot notify on un-acquired lock");
    wake(count);
}

void Condition::wake(std::size_t count) noexcept {
    for (; count > 0 && !waiters_.empty(); --count) {
        auto& wait = static_cast<Wait&>(*waiters_.pop());
        wait.was_notified = true;
        lock_->take_for(wait);
    }
}

// ---- Barrier. ----------------------------------------------------------------------------------------------------------

Barrier::Barrier(std::size_t parties) : parties_(parties) {
    if (parties == 0) throw ValueError("parties must be > 0");
}

bool Barrier::Wait::await_ready() noexcept {
    if (begin()) return true;
    is_broken = barrier->broken_;
    if (is_broken) return true;
    index = barrier->waiters_.size();
    if (index + 1 < barrier->parties_) return false;
    barrier->wake_all(false);
    return take_turn();
}

std::size_t Barrier::Wait::await_resume() const {
    raise_if_cancelled();
    if (is_broken) throw BrokenBarrierError(barrier->broken_ ? "Barrier aborted" : "Abort or reset of barrier");
    return index;
}

void Barrier::Wait::end_wait(detail::Waiter& waiter) noexcept {
    auto& wait = static_cast<Wait&>(waiter);
    (void)wait.end(wait.barrier->waiters_);
}

void Barrier::wake_all(bool are_broken) noexcept {
    for (std::size_t index = 0; auto* waiter = waiters_.pop(); ++index) {
        auto& wait = static_cast<Wait&>(*waiter);
        wait.index = index;  // numbered anew: one that came before may have been cancelled
        wait.is_broken = are_broken;
        wait.wake();
    }
}

void Barrier::reset() noexcept {
    broken_ = false;
    wake_all(true);
}

void Barrier::abort() noexcept {
    broken_ = true;
    wake_all(true);
}

}  // namespace bight::asyncio

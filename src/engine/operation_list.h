// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/engine/operation.h>

namespace bight::engine {

/// Operations that wait for their turn, in order: none of them is in the loop's queue. A ring, linked by `next`.
class OperationList {
public:
    bool empty() const noexcept { return last_ == nullptr; }

    void push(Operation& operation) noexcept {
        operation.next = last_ ? last_->next : &operation;
        if (last_) last_->next = &operation;
        last_ = &operation;
    }

    Operation* pop() noexcept {
        if (!last_) return nullptr;
        Runnable* front = last_->next;
        unlink(*last_);
        return static_cast<Operation*>(front);
    }

    /// False where it is not here.
    bool remove(Operation& operation) noexcept {
        Runnable* before = last_;
        if (!before) return false;
        while (before->next != &operation) {
            before = before->next;
            if (before == last_) return false;
        }
        unlink(*before);
        return true;
    }

private:
    void unlink(Runnable& before) noexcept {
        Runnable* gone = before.next;
        before.next = gone->next;
        if (last_ == gone) last_ = gone == &before ? nullptr : &before;
    }

    Runnable* last_ = nullptr;
};

}  // namespace bight::engine

// SPDX-License-Identifier: BSL-1.0
#include "engine/uring/listener.h"

#include <bight/socket.h>

#include "engine/uring/stream.h"
#include "sys/calls.h"

#include <cerrno>
#include <new>
#include <utility>

namespace bight::engine {
namespace {

constexpr std::size_t most_waiting = 64;  // connections that nobody has accepted; the others wait in the kernel

}  // namespace

UringListener::~UringListener() { close_accepted(); }

void UringListener::close_accepted() noexcept {
    while (next_ < accepted_.size()) (void)sys::close(accepted_[next_++]);
}

bool UringListener::attempt(Operation& operation) noexcept {
    if (operation.verb != Verb::accept) return false;
    return !accepting_ && deliver(operation);
}

void UringListener::start(Operation& operation) noexcept {
    operation.state = Operation::State::waiting;
    if (operation.verb != Verb::accept) return end(operation, EOPNOTSUPP);
    if (accepting_) return end(operation, EBUSY);
    accepting_ = &operation;
    wake();
    if (!operation.queued) wait_for_more();
}

void UringListener::wait_for_more() noexcept {
    if (armed_ || polling_) return;
    nonblocking_ ? ask_when_readable() : arm();
}

/// Somebody else has made the descriptor non-blocking: the kernel then does not wait, and is asked when to try.
void UringListener::ask_when_readable() noexcept {
    io_uring_sqe* poll = request(Request::poll_in, IORING_OP_POLL_ADD);
    if (!poll) return end(*std::exchange(accepting_, nullptr), ENOBUFS);
    poll->poll32_events = POLLIN;
    polling_ = true;
}

void UringListener::arm() noexcept {
    io_uring_sqe* accept = request(Request::accept, IORING_OP_ACCEPT);
    if (!accept) return end(*std::exchange(accepting_, nullptr), ENOBUFS);
    accept->ioprio = IORING_ACCEPT_MULTISHOT;
    accept->accept_flags = SOCK_CLOEXEC;
    armed_ = true;
    stopping_ = false;
}

void UringListener::cancel(Operation& operation) noexcept {
    if (&operation != accepting_ || operation.cancelled) return;
    operation.cancelled = true;
    if (operation.queued) return;
    accepting_ = nullptr;
    end(operation, ECANCELED);
}

void UringListener::dropped() noexcept {
    abandon(std::exchange(accepting_, nullptr));
    if (armed_) cancel_request(Request::accept);
    if (polling_) cancel_request(Request::poll_in);
    close_accepted();
}

void UringListener::answered(Request request, int result, std::uint32_t flags) noexcept {
    if (request == Request::poll_in) {
        polling_ = nonblocking_ = false;
        if (!is_dropped() && accepting_ && !accepting_->queued && !armed_) arm();
        return;
    }
    if (!(flags & IORING_CQE_F_MORE)) armed_ = false;
    if (result == -EAGAIN) {
        nonblocking_ = true;
    } else if (result >= 0) {
        try {
            accepted_.push_back(result);
        } catch (const std::bad_alloc&) {
            (void)sys::close(result);
            error_ = ENOMEM;
        }
    } else if (!(result == -ECANCELED && stopping_)) {
        error_ = -result;
    }
    if (is_dropped()) return;
    wake();
    if (accepting_ && !accepting_->queued) wait_for_more();
    if (armed_ && !stopping_ && accepted_.size() - next_ >= most_waiting) {
        stopping_ = true;
        cancel_request(Request::accept);
    }
}

void UringListener::wake() noexcept {
    if (!accepting_ || accepting_->queued || (next_ == accepted_.size() && error_ == 0)) return;
    accepting_->queued = true;
    engine_.ready_.push(*accepting_);
}

bool UringListener::proceed(Operation& operation) noexcept {
    accepting_ = nullptr;
    return deliver(operation);
}

bool UringListener::deliver(Operation& operation) noexcept {
    if (next_ == accepted_.size()) {
        if (error_ == 0) return false;
        operation.finish(-std::exchange(error_, 0));
        return true;
    }
    FileDescriptor fd(accepted_[next_++]);
    if (next_ == accepted_.size()) {
        accepted_.clear();
        next_ = 0;
    }
    auto channel = engine_.add_accepted(std::move(fd));
    if (!channel) {
        operation.finish(-channel.error().number());
        return true;
    }
    taken_ = {std::move(*channel), {}};
    operation.finish(0);
    return true;
}

AcceptedChannel UringListener::take_accepted() { return std::move(taken_); }

}  // namespace bight::engine

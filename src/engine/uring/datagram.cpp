// SPDX-License-Identifier: BSL-1.0
#include "engine/uring/datagram.h"

#include "sys/calls.h"

#include <cerrno>
#include <utility>

namespace bight::engine {

bool UringDatagram::perform(Operation& operation) noexcept {
    switch (operation.verb) {
        case Verb::receive_from:
        case Verb::receive_train: return port_.receive(operation, taken_);
        case Verb::send_to:
        case Verb::send_train: found_no_room_ = !port_.send(operation); return !found_no_room_;
        default: operation.finish(-EOPNOTSUPP); return true;
    }
}

bool UringDatagram::attempt(Operation& operation) noexcept {
    if (writes(operation)) return !writing_ && perform(operation);
    return !reading_ && port_.may_receive() && perform(operation);
}

void UringDatagram::start(Operation& operation) noexcept {
    operation.state = Operation::State::waiting;
    if (writes(operation)) {
        if (writing_) return behind_writing_.push(operation);
        writing_ = &operation;
        return found_no_room_ ? wait_to_write() : enqueue(operation);
    }
    if (reading_) return end(operation, EBUSY);
    reading_ = &operation;
    port_.may_receive() ? enqueue(operation) : wait_to_read();
}

void UringDatagram::enqueue(Operation& operation) noexcept {
    operation.queued = true;
    ++engine_.counters_.completions;
    engine_.ready_.push(operation);
}

void UringDatagram::next_writing() noexcept {
    writing_ = behind_writing_.pop();
    if (writing_ && !asked_out_) enqueue(*writing_);  // otherwise the answer does
}

bool UringDatagram::ask(Request what, int fd) noexcept {
    io_uring_sqe* poll = request(what, IORING_OP_POLL_ADD);
    if (!poll) return false;
    poll->fd = fd;
    poll->poll32_events = what == Request::poll_out ? POLLOUT : POLLIN;
    (what == Request::poll_out ? asked_out_ : asked_in_) = true;
    return true;
}

void UringDatagram::wait_to_read() noexcept {
    if (asked_in_ || ask(Request::poll_in, fd_)) return;
    end(*std::exchange(reading_, nullptr), ENOBUFS);
}

void UringDatagram::wait_to_write() noexcept {
    if (asked_out_) return;
    auto fd = port_.is_blocked() ? fd_ : port_.descriptor_to_wait_for(*writing_);
    if (fd && ask(Request::poll_out, *fd)) return;
    end(*std::exchange(writing_, nullptr), fd ? ENOBUFS : fd.error().number());
    next_writing();
}

/// For what was gathered. Where the kernel takes no request, the next send tries again.
void UringDatagram::ask_for_room() noexcept {
    if (!asked_out_) (void)ask(Request::poll_out, fd_);
}

void UringDatagram::cancel(Operation& operation) noexcept {
    if (!operation.is_waiting() || operation.cancelled) return;
    operation.cancelled = true;
    if (operation.queued) return;
    if (&operation == reading_) {
        reading_ = nullptr;
    } else if (&operation == writing_) {
        if (port_.stop_waiting() && asked_out_) cancel_request(Request::poll_out);  // only that receiver was full
        next_writing();
    } else {
        behind_writing_.remove(operation);
    }
    end(operation, ECANCELED);
}

void UringDatagram::answered(Request request, int, std::uint32_t) noexcept {
    bool writing = request == Request::poll_out;
    (writing ? asked_out_ : asked_in_) = false;
    if (is_dropped()) return;
    if (writing && port_.is_blocked()) (void)port_.flush();
    if (!writing) port_.became_readable();
    Operation* operation = writing ? writing_ : reading_;
    if (operation && !operation->queued) enqueue(*operation);
}

bool UringDatagram::proceed(Operation& operation) noexcept {
    operation.queued = false;
    bool writing = writes(operation);
    if (!perform(operation)) {
        if (!operation.cancelled) {
            writing ? wait_to_write() : wait_to_read();
            return false;
        }
        operation.finish(-ECANCELED);
    }
    if (writing) {
        (void)port_.stop_waiting();
        next_writing();
    } else {
        reading_ = nullptr;
    }
    return true;
}

void UringDatagram::dropped() noexcept {
    port_.end();
    while (Operation* operation = behind_writing_.pop()) end(*operation, ECANCELED);
    abandon(std::exchange(reading_, nullptr));
    abandon(std::exchange(writing_, nullptr));
    if (asked_in_) cancel_request(Request::poll_in);
    if (asked_out_) cancel_request(Request::poll_out);
}

}  // namespace bight::engine

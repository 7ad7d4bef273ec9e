// SPDX-License-Identifier: BSL-1.0
#include "engine/uring/watch.h"

#include "sys/calls.h"

#include <cerrno>
#include <utility>

namespace bight::engine {

bool UringWatch::attempt(Operation&) noexcept { return false; }

void UringWatch::start(Operation& operation) noexcept {
    operation.state = Operation::State::waiting;
    if (place(operation)) return end(operation, EBUSY);
    bool writes = operation.verb == Verb::writable;
    io_uring_sqe* poll = request(writes ? Request::poll_out : Request::poll_in, IORING_OP_POLL_ADD);
    if (!poll) return end(operation, ENOBUFS);
    poll->poll32_events = writes ? POLLOUT : POLLIN | POLLRDHUP | POLLPRI;
    place(operation) = &operation;
}

// The place stays taken until the kernel has answered: of each kind it has one request at most.
void UringWatch::cancel(Operation& operation) noexcept {
    if (place(operation) != &operation || operation.cancelled) return;
    operation.cancelled = true;
    cancel_request(operation.verb == Verb::writable ? Request::poll_out : Request::poll_in);
}

void UringWatch::answered(Request request, int result, std::uint32_t) noexcept {
    Operation* operation = std::exchange(request == Request::poll_out ? writing_ : reading_, nullptr);
    if (!operation) return;
    operation->finish(result < 0 ? result : 0);
    complete(*operation);
}

void UringWatch::dropped() noexcept {
    if (reading_) cancel_request(Request::poll_in);
    if (writing_) cancel_request(Request::poll_out);
}

}  // namespace bight::engine

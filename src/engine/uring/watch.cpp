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
    if (!ask(operation.verb == Verb::writable ? Request::poll_out : Request::poll_in, false))
        return end(operation, ENOBUFS);
    place(operation) = &operation;
}

bool UringWatch::ask(Request what, bool tells_changes) noexcept {
    io_uring_sqe* poll = request(what, IORING_OP_POLL_ADD);
    if (!poll) return false;
    poll->poll32_events = what == Request::poll_out ? POLLOUT : POLLIN | POLLRDHUP | POLLPRI;
    if (tells_changes) poll->len = IORING_POLL_ADD_MULTI;
    return true;
}

// The place stays taken until the kernel has answered: of each kind it has one request at most.
void UringWatch::cancel(Operation& operation) noexcept {
    if (place(operation) != &operation || operation.cancelled) return;
    operation.cancelled = true;
    cancel_request(operation.verb == Verb::writable ? Request::poll_out : Request::poll_in);
}

void UringWatch::answered(Request request, int result, std::uint32_t flags) noexcept {
    bool writes = request == Request::poll_out;
    Operation*& waiting = writes ? writing_ : reading_;
    if (!waiting) return;
    // The ring tells the end of the peer's sending to who waits for room, too: then by changes, or that would never end.
    bool is_told = result < 0 || !writes || (result & (POLLOUT | POLLERR | POLLHUP));
    if (flags & IORING_CQE_F_MORE) {
        if (!is_told || std::exchange(is_writable_, true)) return;
        return cancel_request(request);
    }
    if (!is_told && !waiting->cancelled && !is_dropped() && ask(request, true)) return;
    bool became_writable = writes && std::exchange(is_writable_, false);
    Operation& operation = *std::exchange(waiting, nullptr);
    if (!is_told) result = operation.cancelled || is_dropped() ? -ECANCELED : -ENOBUFS;
    operation.finish(result < 0 && (operation.cancelled || !became_writable) ? result : 0);
    complete(operation);
}

void UringWatch::dropped() noexcept {
    if (reading_) cancel_request(Request::poll_in);
    if (writing_) cancel_request(Request::poll_out);
}

}  // namespace bight::engine

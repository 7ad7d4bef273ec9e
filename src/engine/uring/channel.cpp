// SPDX-License-Identifier: BSL-1.0
#include "engine/uring/channel.h"

#include "sys/calls.h"

#include <cerrno>
#include <utility>

namespace bight::engine {

void UringChannel::cancel_request(Request what) noexcept {
    io_uring_sqe* request = engine_.ring_->request();
    if (!request) return;
    request->opcode = IORING_OP_ASYNC_CANCEL;
    request->fd = -1;
    request->addr = number(what);
    request->flags = IOSQE_CQE_SKIP_SUCCESS;
    request->user_data = nobody;
}

void UringChannel::abandon(Operation* operation) noexcept {
    if (!operation) return;
    operation->finish(-ECANCELED);
    if (operation->queued) return;
    operation->queued = true;
    engine_.ready_.push(*operation);
}

void UringChannel::drop() noexcept {
    dropped_ = true;
    --engine_.counters_.channels;
    dropped();
    close_descriptor();
    fd_ = -1;  // whoever asks while the kernel has not let go must not meet another socket of that number
    go_if_unknown();
}

void UringChannel::close_descriptor() noexcept {
    if (!owns_descriptor()) return;
    // Behind the cancellations, in the same call. Where the kernel takes no request, a call of its own does it.
    io_uring_sqe* request = engine_.ring_->request();
    if (!request) {
        (void)sys::close(fd_);
        return;
    }
    request->opcode = IORING_OP_CLOSE;
    request->fd = fd_;
    request->flags = IOSQE_CQE_SKIP_SUCCESS;
    request->user_data = nobody;
}

void UringChannel::go() noexcept {
    engine_.channels_.remove(slot_);
    --engine_.open_channels_;
    delete this;
}

}  // namespace bight::engine

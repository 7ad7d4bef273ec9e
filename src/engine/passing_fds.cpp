// SPDX-License-Identifier: BSL-1.0
#include "engine/passing_fds.h"

#include "sys/messages.h"

#include <utility>

namespace bight::engine {

Result<std::size_t> receive_fds(int fd, MutableBytes memory, ArrivingFds& arriving) noexcept {
    Address peer;
    sys::ReceivedBeside beside;
    MutableBytes room = arriving.room.room().first(arriving.room.size());
    auto count = sys::recvmsg(fd, {&memory, 1}, room, MSG_DONTWAIT, peer, beside);
    if (!count) return count;
    arriving.flags = beside.flags;
    if (beside.ancillary > 0) arriving.ancillary = Ancillary(std::move(arriving.room), beside.ancillary);
    return count;
}

Result<void> send_fds(int fd, Operation& operation) noexcept {
    const LeavingFds& leaving = *operation.leaving;
    auto count = sys::sendmsg(fd, {&leaving.data, 1}, leaving.ancillary, MSG_DONTWAIT, {});
    if (!count) return std::unexpected(count.error());
    operation.verb = Verb::send;
    operation.data = leaving.data.data();
    operation.transferred = *count;
    return {};
}

}  // namespace bight::engine

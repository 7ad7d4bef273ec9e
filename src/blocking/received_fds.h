// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/message.h>

#include <cstddef>

// recv_fds(), whoever makes the call.
namespace bight::socket {

/// How much ancillary data is to be asked for. Raises ValueError for more descriptors than the kernel passes.
std::size_t room_for_fds(std::size_t max_fds);

/// The first `max_fds` of the descriptors that were passed; the others are closed, and MSG_CTRUNC tells so.
ReceivedFds received_fds(Message message, std::size_t max_fds);

}  // namespace bight::socket

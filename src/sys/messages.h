// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/bytes.h>
#include <bight/error.h>

#include <cstddef>
#include <span>

#include <sys/socket.h>
#include <sys/uio.h>

// recvmsg(2), sendmsg(2) and their like for many messages. Lists of bytes go to the kernel as they are: a Bytes and a
// MutableBytes have the shape of an iovec, which a test holds.
namespace bight::sys {

struct ReceivedSizes {
    std::size_t data;  // with MSG_TRUNC among the flags of the call: of the whole datagram
    std::size_t ancillary;
    int flags;  // MSG_TRUNC, MSG_CTRUNC …
};

/// The most elements that the kernel takes in a list.
inline constexpr std::size_t most_buffers = 1024;

/// Descriptors come close-on-exec, whatever the flags. `ancillary` may be empty.
Result<ReceivedSizes> recvmsg(int fd, std::span<const MutableBytes> memory, MutableBytes ancillary, int flags,
                              Address& peer) noexcept;

/// To `peer`, unless that is an Address of nothing. Raises no SIGPIPE.
Result<std::size_t> sendmsg(int fd, std::span<const Bytes> data, Bytes ancillary, int flags,
                            const Address& peer) noexcept;

/// How many messages were received or sent; the rest is told in each header.
Result<std::size_t> recvmmsg(int fd, std::span<mmsghdr> messages, int flags) noexcept;
Result<std::size_t> sendmmsg(int fd, std::span<mmsghdr> messages, int flags) noexcept;

}  // namespace bight::sys

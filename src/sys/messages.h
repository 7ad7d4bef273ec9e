// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/bytes.h>
#include <bight/error.h>

#include "sys/checked.h"
#include "sys/seam.h"
#include "sys/sockaddr.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

#include <sys/socket.h>
#include <sys/uio.h>

// recvmsg(2), sendmsg(2) and their like for many messages. Lists of bytes go to the kernel as they are: a Bytes and a
// MutableBytes have the shape of an iovec, which a test holds.
namespace bight::sys {

/// What a message brought beside its data.
struct ReceivedBeside {
    std::size_t ancillary = 0;  // its size
    int flags = 0;              // MSG_TRUNC, MSG_CTRUNC …
};

/// The most elements that the kernel takes in a list.
inline constexpr std::size_t most_buffers = 1024;

template <class Element>
iovec* list_of(std::span<const Element> elements) noexcept {
    return const_cast<iovec*>(reinterpret_cast<const iovec*>(elements.data()));
}

/// For a fault that lets a part of the bytes through: a list of one, of the first element that is not empty.
template <class Element>
Element first_part(std::span<const Element> elements, std::size_t most) noexcept {
    for (const Element& element : elements)
        if (element.size() > 0) return Element(element.data(), element.size() < most ? element.size() : most);
    return {};
}

// These two are inline, as recv() and send() are: each frame to return through is dear right after a system call.

/// The size of the data; with MSG_TRUNC among the flags, of the whole datagram. Descriptors come close-on-exec, whatever
/// the flags. `ancillary` may be empty.
inline Result<std::size_t> recvmsg(int fd, std::span<const MutableBytes> memory, MutableBytes ancillary, int flags,
                                   Address& peer, ReceivedBeside& beside) noexcept {
    MutableBytes part;
    if constexpr (seam::built) {
        Fault fault = seam::consult(Call::recvmsg);
        if (fault.errnum != 0) return failed(fault.errnum);
        if (fault.at_most != SIZE_MAX) {
            part = first_part(memory, fault.at_most);
            memory = {&part, 1};
        }
    }
    AddressRoom room(peer);
    msghdr header{room.data(), *room.size(), list_of(memory), memory.size(), ancillary.data(), ancillary.size(), 0};
    auto count = ::recvmsg(fd, &header, flags | MSG_CMSG_CLOEXEC);
    if (count < 0) [[unlikely]]
        return failed(errno);
    *room.size() = header.msg_namelen;
    room.done();
    int not_asked = MSG_CMSG_CLOEXEC & ~flags;  // the kernel tells this one back
    beside = {header.msg_controllen, header.msg_flags & ~not_asked};
    return static_cast<std::size_t>(count);
}

/// To `peer`, unless that is an Address of nothing. Raises no SIGPIPE.
inline Result<std::size_t> sendmsg(int fd, std::span<const Bytes> data, Bytes ancillary, int flags,
                                   const Address& peer) noexcept {
    Bytes part;
    if constexpr (seam::built) {
        Fault fault = seam::consult(Call::sendmsg);
        if (fault.errnum != 0) return failed(fault.errnum);
        if (fault.at_most != SIZE_MAX) {
            part = first_part(data, fault.at_most);
            data = {&part, 1};
        }
    }
    msghdr header{const_cast<::sockaddr*>(sockaddr_of(peer)),
                  size_of(peer),
                  list_of(data),
                  data.size(),
                  const_cast<std::byte*>(ancillary.data()),
                  ancillary.size(),
                  0};
    auto count = ::sendmsg(fd, &header, flags | MSG_NOSIGNAL);
    if (count < 0) [[unlikely]]
        return failed(errno);
    return static_cast<std::size_t>(count);
}

/// How many messages were received or sent; the rest is told in each header.
Result<std::size_t> recvmmsg(int fd, std::span<mmsghdr> messages, int flags) noexcept;
Result<std::size_t> sendmmsg(int fd, std::span<mmsghdr> messages, int flags) noexcept;

}  // namespace bight::sys

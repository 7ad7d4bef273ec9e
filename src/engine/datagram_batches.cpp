// SPDX-License-Identifier: BSL-1.0
#include "engine/datagram_batches.h"

#include <bight/socket.h>

#include "values/address_access.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace bight::engine {

// ---- Arrived. ----------------------------------------------------------------------------------------------------------

Result<std::unique_ptr<ArrivedDatagrams>> ArrivedDatagrams::make() noexcept {
    auto memory = sys::Mapping::anonymous(most * distance);
    if (!memory) return std::unexpected(memory.error());
    std::unique_ptr<ArrivedDatagrams> made(new (std::nothrow) ArrivedDatagrams(std::move(*memory)));
    if (!made) return std::unexpected(Errno(ENOMEM));
    return made;
}

ArrivedDatagrams::ArrivedDatagrams(sys::Mapping memory) noexcept : memory_(std::move(memory)) {
    for (std::size_t i = 0; i < most; ++i) {
        pieces_[i] = {room(i).data(), longest};
        auto& header = headers_[i].msg_hdr;
        header.msg_name = AddressAccess::memory(peers_[i]);
        header.msg_namelen = Address::max_size;
        header.msg_iov = &pieces_[i];
        header.msg_iovlen = 1;
    }
}

Result<std::size_t> ArrivedDatagrams::receive(int fd, const DatagramPort& port) noexcept {
    for (std::size_t i = 0; i < count_; ++i) headers_[i].msg_hdr.msg_namelen = Address::max_size;
    count_ = next_ = 0;
    // With MSG_TRUNC the length is the datagram's own, be it longer than the room.
    auto count = sys::recvmmsg(fd, headers_, MSG_DONTWAIT | MSG_TRUNC);
    if (!count) return count;
    count_ = *count;
    if (count_ > 0) owner_ = &port;
    return count;
}

void ArrivedDatagrams::take(std::size_t limit, ReceivedDatagram& datagram) {
    std::size_t size = size_of_first();
    limit = std::min(limit, longest);
    datagram.data = Buffer::copy_of(room(next_).first(std::min(size, limit)));
    datagram.truncated = size > limit;
    AddressAccess::filled(peers_[next_], headers_[next_].msg_hdr.msg_namelen);
    datagram.peer = peers_[next_];
    if (++next_ == count_) owner_ = nullptr;
}

// ---- Leaving. ----------------------------------------------------------------------------------------------------------

void LeavingDatagrams::add(DatagramPort& port, Bytes data, const Address* to) noexcept {
    owner_ = &port;
    if (!data.empty()) std::memcpy(memory_[count_].data(), data.data(), data.size());
    pieces_[count_] = {memory_[count_].data(), data.size()};
    auto& header = headers_[count_].msg_hdr;
    header.msg_name = nullptr;
    header.msg_namelen = 0;
    header.msg_iov = &pieces_[count_];
    header.msg_iovlen = 1;
    if (to) {
        peers_[count_] = *to;
        header.msg_name = AddressAccess::memory(peers_[count_]);
        header.msg_namelen = static_cast<socklen_t>(to->sockaddr().size());
    }
    ++count_;
}

int LeavingDatagrams::send(int fd) noexcept {
    while (next_ < count_) {
        auto sent = sys::sendmmsg(fd, std::span(headers_).subspan(next_, count_ - next_), MSG_DONTWAIT);
        if (!sent) return sent.error().number();
        next_ += *sent;
    }
    forget();
    return 0;
}

void LeavingDatagrams::skip() noexcept {
    if (++next_ == count_) forget();
}

void LeavingDatagrams::forget() noexcept {
    owner_ = nullptr;
    next_ = count_ = 0;
}

}  // namespace bight::engine

// SPDX-License-Identifier: BSL-1.0
#include <bight/socket.h>

#include "blocking/insist.h"
#include "blocking/or_raise.h"
#include "blocking/resolve_one.h"
#include "blocking/socket_state.h"

#include <algorithm>
#include <cerrno>

namespace bight {
namespace {

[[noreturn, gnu::cold, gnu::noinline]] void fail_sendto(const SocketState* state, Errno error, const Address& peer) {
    if (!state) throw ClosedError("sendto");
    raise_os_error(error, "sendto " + peer.to_string());
}

/// What was received; MSG_TRUNC tells of more than there is room for.
MutableBytes filled(MutableBytes memory, std::size_t count) { return memory.first(std::min(count, memory.size())); }

/// Fills `datagram` where it stands: an address is large to be passed on by value.
[[gnu::always_inline]] inline Result<void> receive(SocketState* state, MutableBytes memory, int flags,
                                                   DatagramInto& datagram) {
    if (!state) return std::unexpected(closed_before);
    auto count = state->recvfrom(memory, flags, datagram.peer);
    if (!count) return std::unexpected(count.error());
    datagram.data = filled(memory, *count);
    return {};
}

}  // namespace

// ---- Receiving. --------------------------------------------------------------------------------------------------------

Result<MutableBytes> Socket::try_recv_into(MutableBytes memory, int flags) {
    if (!state_) return std::unexpected(closed_before);
    auto count = state_->recv(memory, flags);
    if (!count) return std::unexpected(count.error());
    return filled(memory, *count);
}

MutableBytes Socket::recv_into(MutableBytes memory, int flags) {
    auto count = state_ ? state_->recv(memory, flags) : std::unexpected(closed_before);
    if (!count) [[unlikely]]
        raise_failure(state_.get(), count.error(), "recv", "from");
    return filled(memory, *count);
}

Result<Buffer> Socket::try_recv(std::size_t size, int flags) {
    Buffer data = Buffer::with_capacity(size);
    auto filled = try_recv_into(data.room().first(size), flags);
    if (!filled) return std::unexpected(filled.error());
    data.resize(filled->size());
    return data;
}

Buffer Socket::recv(std::size_t size, int flags) {
    Buffer data = Buffer::with_capacity(size);
    auto room = data.room().first(size);
    auto count = state_ ? state_->recv(room, flags) : std::unexpected(closed_before);
    if (!count) [[unlikely]]
        raise_failure(state_.get(), count.error(), "recv", "from");
    data.resize(filled(room, *count).size());
    return data;
}

Result<DatagramInto> Socket::try_recvfrom_into(MutableBytes memory, int flags) {
    Result<DatagramInto> datagram(std::in_place);
    if (auto got = receive(state_.get(), memory, flags, *datagram); !got) datagram = std::unexpected(got.error());
    return datagram;
}

DatagramInto Socket::recvfrom_into(MutableBytes memory, int flags) {
    DatagramInto datagram;
    if (auto got = receive(state_.get(), memory, flags, datagram); !got) [[unlikely]]
        raise_failure(state_.get(), got.error(), "recvfrom", "from");
    return datagram;
}

Result<Datagram> Socket::try_recvfrom(std::size_t size, int flags) {
    Buffer data = Buffer::with_capacity(size);
    auto datagram = try_recvfrom_into(data.room().first(size), flags);
    if (!datagram) return std::unexpected(datagram.error());
    data.resize(datagram->data.size());
    return Datagram{std::move(data), datagram->peer};
}

Datagram Socket::recvfrom(std::size_t size, int flags) {
    auto datagram = try_recvfrom(size, flags);
    if (!datagram) raise_failure(state_.get(), datagram.error(), "recvfrom", "from");
    return std::move(*datagram);
}

// ---- Sending. ----------------------------------------------------------------------------------------------------------

Result<std::size_t> Socket::try_send(Bytes data, int flags) {
    if (!state_) return std::unexpected(closed_before);
    return state_->send(data, flags);
}

std::size_t Socket::send(Bytes data, int flags) {
    auto count = state_ ? state_->send(data, flags) : std::unexpected(closed_before);
    if (!count) [[unlikely]]
        raise_failure(state_.get(), count.error(), "send", "to");
    return *count;
}

Result<void> Socket::try_sendall(Bytes data, int flags) {
    if (!state_) return std::unexpected(closed_before);
    return state_->sendall(data, flags);
}

void Socket::sendall(Bytes data, int flags) {
    auto sent = state_ ? state_->sendall(data, flags) : std::unexpected(closed_before);
    if (!sent) [[unlikely]]
        raise_failure(state_.get(), sent.error(), "sendall", "to");
}

Result<std::size_t> Socket::try_sendto(Bytes data, const Address& peer, int flags) {
    if (!state_) return std::unexpected(closed_before);
    return state_->sendto(data, flags, peer);
}

std::size_t Socket::sendto(Bytes data, const Address& peer, int flags) {
    auto count = state_ ? state_->sendto(data, flags, peer) : std::unexpected(closed_before);
    if (!count) [[unlikely]]
        fail_sendto(state_.get(), count.error(), peer);
    return *count;
}

std::size_t Socket::sendto(Bytes data, const HostPort& peer, int flags) {
    if (!state_) throw ClosedError("sendto");
    return sendto(data, resolve_one(peer, state_->family), flags);
}

}  // namespace bight

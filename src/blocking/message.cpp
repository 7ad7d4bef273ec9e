// SPDX-License-Identifier: BSL-1.0
#include <bight/message.h>

#include "blocking/insist.h"
#include "blocking/received_fds.h"
#include "blocking/socket_state.h"
#include "sys/messages.h"
#include "values/cmsg_layout.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace bight {
namespace {

bool carries_fds(const AncillaryItem& item) noexcept {
    return item.is(cmsg::socket, cmsg::rights) || item.is(cmsg::socket, cmsg::pidfd);
}

/// Calls `function` with each descriptor in `items`; a part of a number, at a cut end, is none.
template <class Function>
void for_each_fd(const AncillaryView& items, Function function) {
    for (const AncillaryItem& item : items) {
        if (!carries_fds(item)) continue;
        for (std::size_t at = 0; at + sizeof(int) <= item.data.size(); at += sizeof(int)) {
            int fd;
            std::memcpy(&fd, item.data.data() + at, sizeof fd);
            if (fd >= 0) function(fd);
        }
    }
}

/// The kernel is asked for no more than its own limit on a list: a short count on a stream, an error on others.
template <class Element>
std::span<const Element> within_limit(const SocketState& state, std::span<const Element> list) noexcept {
    if (list.size() > sys::most_buffers && state.kind == Kind::stream) [[unlikely]]
        return list.first(sys::most_buffers);
    return list;
}

/// Fills `message` where it stands: an address is large to be passed on by value.
[[gnu::always_inline]] inline Result<void> receive(SocketState* state, std::span<const MutableBytes> memory,
                                                   std::size_t ancillary_size, int flags, MessageInto& message) {
    if (!state) return std::unexpected(closed_before);
    if (ancillary_size > 0x7fffffff) throw ValueError("invalid ancillary data buffer length");
    Buffer ancillary;
    MutableBytes room;
    if (ancillary_size > 0) {
        ancillary = Buffer::with_capacity(ancillary_size);
        room = ancillary.room().first(ancillary_size);
    }
    memory = within_limit(*state, memory);
    sys::ReceivedBeside beside;
    auto size = insist(*state, POLLIN, flags, [=, &beside, &peer = message.address] {
        return sys::recvmsg(state->fd.fileno(), memory, room, state->without_waiting(flags), peer, beside);
    });
    if (!size) return std::unexpected(size.error());
    message.size = *size;
    message.flags = beside.flags;
    if (beside.ancillary > 0) message.ancillary = Ancillary(std::move(ancillary), beside.ancillary);
    return {};
}

/// As receive(), into memory of the thread's store.
[[gnu::always_inline]] inline Result<void> receive_buffer(SocketState* state, std::size_t size,
                                                          std::size_t ancillary_size, int flags, Message& message) {
    message.data = Buffer::with_capacity(size);
    MutableBytes room = message.data.room().first(size);
    MessageInto into;
    auto got = receive(state, {&room, 1}, ancillary_size, flags, into);
    if (!got) return got;
    message.data.resize(std::min(into.size, size));
    message.ancillary = std::move(into.ancillary);
    message.flags = into.flags;
    message.address = into.address;
    return {};
}

}  // namespace

// ---- Ancillary data that was received. ---------------------------------------------------------------------------------

Ancillary::Ancillary(Buffer memory, std::size_t size) noexcept
    : AncillaryView(memory.bytes().data() ? Bytes(memory.data(), std::min(size, memory.capacity())) : Bytes()),
      memory_(std::move(memory)),
      owns_fds_(true) {}

Ancillary::Ancillary(Ancillary&& other) noexcept
    : AncillaryView(std::exchange(static_cast<AncillaryView&>(other), AncillaryView())),
      memory_(std::move(other.memory_)),
      owns_fds_(std::exchange(other.owns_fds_, false)) {}

Ancillary& Ancillary::operator=(Ancillary&& other) noexcept {
    if (this == &other) return *this;
    if (owns_fds_) close_fds();
    static_cast<AncillaryView&>(*this) = std::exchange(static_cast<AncillaryView&>(other), AncillaryView());
    memory_ = std::move(other.memory_);
    owns_fds_ = std::exchange(other.owns_fds_, false);
    return *this;
}

void Ancillary::close_fds() noexcept {
    owns_fds_ = false;
    for_each_fd(*this, [](int fd) { (void)sys::close(fd); });
}

std::vector<FileDescriptor> Ancillary::take_fds() {
    std::vector<FileDescriptor> taken;
    if (!owns_fds_) return taken;
    std::size_t count = 0;
    for_each_fd(*this, [&](int) { ++count; });
    taken.reserve(count);  // may fail; from here on nothing does
    for_each_fd(*this, [&](int fd) { taken.emplace_back(fd); });
    owns_fds_ = false;
    return taken;
}

// ---- Receiving. --------------------------------------------------------------------------------------------------------

Result<MessageInto> Socket::try_recvmsg_into(std::span<const MutableBytes> memory, std::size_t ancillary_size,
                                             int flags) {
    Result<MessageInto> message(std::in_place);
    auto got = receive(state_.get(), memory, ancillary_size, flags, *message);
    if (!got) message = std::unexpected(got.error());
    return message;
}

MessageInto Socket::recvmsg_into(std::span<const MutableBytes> memory, std::size_t ancillary_size, int flags) {
    MessageInto message;
    if (auto got = receive(state_.get(), memory, ancillary_size, flags, message); !got) [[unlikely]]
        raise_failure(state_.get(), got.error(), "recvmsg", "from");
    return message;
}

Result<Message> Socket::try_recvmsg(std::size_t size, std::size_t ancillary_size, int flags) {
    Result<Message> message(std::in_place);
    auto got = receive_buffer(state_.get(), size, ancillary_size, flags, *message);
    if (!got) message = std::unexpected(got.error());
    return message;
}

Message Socket::recvmsg(std::size_t size, std::size_t ancillary_size, int flags) {
    Message message;
    if (auto got = receive_buffer(state_.get(), size, ancillary_size, flags, message); !got) [[unlikely]]
        raise_failure(state_.get(), got.error(), "recvmsg", "from");
    return message;
}

// ---- Sending. ----------------------------------------------------------------------------------------------------------

namespace {

[[gnu::always_inline]] inline Result<std::size_t> send_message(SocketState* state, std::span<const Bytes> data,
                                                               Bytes ancillary, int flags, const Address& peer) {
    if (!state) return std::unexpected(closed_before);
    data = within_limit(*state, data);
    return insist(*state, POLLOUT, flags, [=, &peer] {
        return sys::sendmsg(state->fd.fileno(), data, ancillary, state->without_waiting(flags), peer);
    });
}

[[noreturn, gnu::cold, gnu::noinline]] void fail_sendmsg(const SocketState* state, Errno error, const Address& peer) {
    if (state && !peer.sockaddr().empty()) raise_os_error(error, "sendmsg to " + peer.to_string());
    raise_failure(state, error, "sendmsg", "to");
}

}  // namespace

Result<std::size_t> Socket::try_sendmsg(std::span<const Bytes> data, Bytes ancillary, int flags, const Address& peer) {
    return send_message(state_.get(), data, ancillary, flags, peer);
}

std::size_t Socket::sendmsg(std::span<const Bytes> data, Bytes ancillary, int flags, const Address& peer) {
    auto count = send_message(state_.get(), data, ancillary, flags, peer);
    if (!count) [[unlikely]]
        fail_sendmsg(state_.get(), count.error(), peer);
    return *count;
}

std::size_t Socket::sendmsg_afalg(std::span<const Bytes> data, const AfalgOptions& options) {
    if (!state_) throw ClosedError("sendmsg_afalg");
    if (state_->family != AF_ALG) throw OSError("algset is only supported for AF_ALG");
    if (options.op < 0) throw TypeError("Invalid or missing argument 'op'");
    if (options.assoclen && *options.assoclen < 0) throw TypeError("assoclen must be positive");
    AncillaryBuilder beside;
    beside.alg_operation(static_cast<std::uint32_t>(options.op));
    if (options.iv) beside.alg_iv(*options.iv);
    if (options.assoclen) beside.alg_associated_length(static_cast<std::uint32_t>(*options.assoclen));
    return sendmsg(data, beside, options.flags);
}

// ---- Descriptors. ------------------------------------------------------------------------------------------------------

namespace socket {

std::size_t send_fds(Socket& socket, std::span<const Bytes> data, std::span<const int> fds, int flags,
                     const Address& peer) {
    return socket.sendmsg(data, AncillaryBuilder().fds(fds), flags, peer);
}

std::size_t send_fds(Socket& socket, Bytes data, std::span<const int> fds, int flags, const Address& peer) {
    return send_fds(socket, std::span(&data, 1), fds, flags, peer);
}

ReceivedFds recv_fds(Socket& socket, std::size_t size, std::size_t max_fds, int flags) {
    auto room = room_for_fds(max_fds);
    return received_fds(socket.recvmsg(size, room, flags), max_fds);
}

}  // namespace socket
}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#include <bight/batch.h>

#include <bight/error.h>
#include <bight/socket.h>

#include "blocking/insist.h"
#include "blocking/socket_state.h"
#include "sys/messages.h"
#include "sys/sockaddr.h"
#include "values/address_access.h"
#include "values/cmsg_layout.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace bight {
namespace {

static_assert(BatchedDatagram::msg_trunc == MSG_TRUNC);

// The kernel's limits on a train: UDP_MAX_SEGMENTS of old kernels, and what a packet may hold (65,507 over IPv4, less
// over IPv6).
constexpr std::size_t most_in_train = 64;
constexpr std::size_t most_bytes_in_train = 65'400;

constexpr std::size_t most_messages = 64;  // of one call
constexpr std::size_t most_pieces = 1024;  // of one call

bool is_udp(const SocketState& state) noexcept {
    return (state.family == Family::inet || state.family == Family::inet6) && state.kind == Kind::datagram &&
           (state.proto == 0 || state.proto == IPPROTO_UDP);
}

void require_messages(const SocketState& state) {
    if (state.kind == Kind::stream) throw ValueError("a stream has no datagrams");
}

}  // namespace

// ---- Receiving. --------------------------------------------------------------------------------------------------------

struct ReceiveBatch::Work {
    Work(std::size_t messages, std::size_t size, std::size_t control_size)
        : memory(std::make_unique_for_overwrite<std::byte[]>(messages * size)),
          ancillary(std::make_unique<std::byte[]>(messages * control_size)),
          ancillary_size(control_size),
          rooms(messages),
          headers(messages) {
        for (std::size_t i = 0; i < messages; ++i) {
            rooms[i] = {memory.get() + i * size, size};
            headers[i].msg_hdr.msg_iov = &rooms[i];
            headers[i].msg_hdr.msg_iovlen = 1;
        }
    }

    std::unique_ptr<std::byte[]> memory;
    std::unique_ptr<std::byte[]> ancillary;
    std::size_t ancillary_size;
    std::vector<iovec> rooms;
    std::vector<mmsghdr> headers;
};

ReceiveBatch::ReceiveBatch(std::size_t messages, std::size_t size, std::size_t ancillary_size) {
    if (messages == 0 || messages > sys::most_buffers) throw ValueError("a batch has 1 to 1024 messages");
    ancillary_size = cmsg::aligned(ancillary_size);
    if (size > PTRDIFF_MAX / messages || ancillary_size > 65'536) throw ValueError("a batch too large");
    slots_.resize(messages);
    work_ = std::make_unique<Work>(messages, size, ancillary_size);
}

ReceiveBatch::ReceiveBatch(ReceiveBatch&& other) noexcept
    : slots_(std::move(other.slots_)),
      filled_(std::exchange(other.filled_, 0)),
      datagrams_(std::exchange(other.datagrams_, 0)),
      work_(std::move(other.work_)) {}

ReceiveBatch& ReceiveBatch::operator=(ReceiveBatch&& other) noexcept {
    slots_ = std::move(other.slots_);
    filled_ = std::exchange(other.filled_, 0);
    datagrams_ = std::exchange(other.datagrams_, 0);
    work_ = std::move(other.work_);
    return *this;
}

ReceiveBatch::~ReceiveBatch() = default;

/// The two halves of a call with a batch: what the kernel is given, and what it gave.
struct BatchAccess {
    static std::span<mmsghdr> prepare(ReceiveBatch& batch, bool with_ancillary);
    static std::size_t take(ReceiveBatch& batch, std::size_t messages) noexcept;

    static std::span<mmsghdr> prepare(SendBatch& batch, bool trains) noexcept;
    static std::size_t sent(SendBatch& batch, std::size_t messages) noexcept;
    static bool goes_on_without_trains(SendBatch& batch, int errnum) noexcept;
    static Result<std::size_t> send(SocketState& state, SendBatch& batch, int flags);

private:
    static bool joins(const SendBatch& batch, const SendBatch::Place& place, std::size_t peer,
                      std::size_t segment) noexcept;
};

std::span<mmsghdr> BatchAccess::prepare(ReceiveBatch& batch, bool with_ancillary) {
    if (!batch.work_) throw ValueError("a batch that was moved from");
    auto& work = *batch.work_;
    batch.filled_ = batch.datagrams_ = 0;
    for (std::size_t i = 0; i < work.headers.size(); ++i) {
        auto& header = work.headers[i].msg_hdr;
        sys::AddressRoom room(batch.slots_[i].peer);
        header.msg_name = room.data();
        header.msg_namelen = *room.size();
        header.msg_control = work.ancillary.get() + i * work.ancillary_size;
        header.msg_controllen = with_ancillary ? work.ancillary_size : 0;
    }
    return work.headers;
}

std::size_t BatchAccess::take(ReceiveBatch& batch, std::size_t messages) noexcept {
    auto& work = *batch.work_;
    batch.filled_ = messages;
    for (std::size_t i = 0; i < messages; ++i) {
        auto& slot = batch.slots_[i];
        const auto& [header, length] = work.headers[i];
        const auto& room = *header.msg_iov;
        AddressAccess::filled(slot.peer, header.msg_namelen);
        slot.length = length;  // the whole, for MSG_TRUNC was asked for
        slot.data = {static_cast<const std::byte*>(room.iov_base), std::min<std::size_t>(length, room.iov_len)};
        slot.ancillary = AncillaryView({static_cast<const std::byte*>(header.msg_control), header.msg_controllen});
        slot.segment = header.msg_controllen > 0 ? slot.ancillary.segment_size().value_or(0) : 0;
        slot.flags = header.msg_flags & ~MSG_CMSG_CLOEXEC;  // we asked for it, and the kernel tells it back
        if (slot.segment != 0) slot.flags &= ~MSG_TRUNC;  // of the whole train: its datagrams are looked at one by one
        batch.datagrams_ += slot.segment > 0 && length > 0 ? (slot.length + slot.segment - 1) / slot.segment : 1;
    }
    return batch.datagrams_;
}

Result<std::size_t> Socket::try_recvmmsg(ReceiveBatch& batch, int flags) {
    if (!state_) return std::unexpected(Errno(EBADF));
    require_messages(*state_);
    // Descriptors do not come this way: without room for them, the kernel closes what a Unix peer sends.
    auto headers = BatchAccess::prepare(batch, state_->family != Family::unix_domain);
    if ((flags & MSG_PEEK) != 0) headers = headers.first(1);  // all others would be the same datagram once more
    auto all_flags = state_->without_waiting(flags) | MSG_WAITFORONE | MSG_TRUNC;
    auto messages = insist(*state_, POLLIN, flags,
                           [=, fd = state_->fd.fileno()] { return sys::recvmmsg(fd, headers, all_flags); });
    if (!messages) return messages;
    return BatchAccess::take(batch, *messages);
}

const ReceiveBatch& Socket::recvmmsg(ReceiveBatch& batch, int flags) {
    if (!state_) throw ClosedError("recvmmsg");
    if (auto count = try_recvmmsg(batch, flags); !count)
        raise_os_error(count.error(), state_->context("recvmmsg", "from"));
    return batch;
}

// ---- Sending: what waits. ----------------------------------------------------------------------------------------------

struct SendBatch::Work {
    struct Message {
        Place end;  // where the datagram behind it begins
        std::size_t datagrams = 0;
        alignas(8) std::array<std::byte, cmsg::header + cmsg::alignment> control{};
    };

    Work() {
        AncillaryBuilder builder;
        builder.segment_size(0);
        for (auto& message : messages) std::memcpy(message.control.data(), builder.data(), builder.size());
    }

    std::array<mmsghdr, most_messages> headers{};
    std::array<Message, most_messages> messages;
    std::array<Bytes, most_pieces> pieces;
    std::size_t prepared = 0;
    bool trains = true;     // false once the kernel has said that it knows none
    std::size_t alone = 0;  // as many of the next datagrams go one by one
};

SendBatch::SendBatch(std::size_t datagrams) : work_(std::make_unique<Work>()) {
    entries_.reserve(datagrams);
    peers_.reserve(std::min<std::size_t>(datagrams, 1024));
}

SendBatch::SendBatch(SendBatch&& other) noexcept
    : entries_(std::move(other.entries_)),
      peers_(std::move(other.peers_)),
      next_(std::exchange(other.next_, {})),
      waiting_(std::exchange(other.waiting_, 0)),
      work_(std::move(other.work_)) {}

SendBatch& SendBatch::operator=(SendBatch&& other) noexcept {
    entries_ = std::move(other.entries_);
    peers_ = std::move(other.peers_);
    next_ = std::exchange(other.next_, {});
    waiting_ = std::exchange(other.waiting_, 0);
    work_ = std::move(other.work_);
    return *this;
}

SendBatch::~SendBatch() = default;

std::size_t SendBatch::place_of(const Address& peer) {
    if (peers_.empty() || peers_.back() != peer) peers_.push_back(peer);
    return peers_.size() - 1;
}

/// Drops the entries before next_, and the peers that only those had. Done once they are most of all, it costs each
/// entry one move at most.
void SendBatch::forget_sent() noexcept {
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(next_.entry));
    next_.entry = 0;
    auto first = std::ranges::find_if(entries_, [](const Entry& entry) { return entry.peer != no_peer; });
    std::size_t unused = first == entries_.end() ? peers_.size() : first->peer;  // peers stand in the entries' order
    peers_.erase(peers_.begin(), peers_.begin() + static_cast<std::ptrdiff_t>(unused));
    for (Entry& entry : std::span(first, entries_.end()))
        if (entry.peer != no_peer) entry.peer -= unused;
}

void SendBatch::append(Bytes data, std::size_t segment, const Address* peer) {
    if (!work_) work_ = std::make_unique<Work>();  // it was moved from
    if (next_.entry > most_messages && next_.entry > entries_.size() / 2) forget_sent();
    entries_.push_back({data, segment, peer ? place_of(*peer) : no_peer});
    waiting_ += data.size() > segment ? (data.size() + segment - 1) / segment : 1;
}

void SendBatch::add(Bytes data) { append(data, data.size(), nullptr); }
void SendBatch::add(Bytes data, const Address& peer) { append(data, data.size(), &peer); }

void SendBatch::add_train(Bytes data, std::size_t size) {
    if (size == 0) throw ValueError("a train of datagrams without length");
    if (!data.empty()) append(data, size, nullptr);
}

void SendBatch::add_train(Bytes data, std::size_t size, const Address& peer) {
    if (size == 0) throw ValueError("a train of datagrams without length");
    if (!data.empty()) append(data, size, &peer);
}

void SendBatch::drop_first() noexcept {
    if (waiting_ == 0) return;
    if (--waiting_ == 0) return clear();
    const Entry& entry = entries_[next_.entry];
    next_.offset += entry.segment;
    if (next_.offset >= entry.data.size()) next_ = {next_.entry + 1, 0};
    if (work_->alone > 0) --work_->alone;
}

void SendBatch::clear() noexcept {
    entries_.clear();
    peers_.clear();
    next_ = {};
    waiting_ = 0;
    if (work_) work_->alone = 0;
}

// ---- Sending: how it goes out. -----------------------------------------------------------------------------------------

/// Whether the datagram at `place` may follow others of length `segment` to `peer` in their train.
bool BatchAccess::joins(const SendBatch& batch, const SendBatch::Place& place, std::size_t peer,
                        std::size_t segment) noexcept {
    if (place.entry == batch.entries_.size()) return false;
    const auto& entry = batch.entries_[place.entry];
    std::size_t size = std::min(entry.segment, entry.data.size() - place.offset);
    return entry.peer == peer && size > 0 && size <= segment;
}

/// Makes messages of the datagrams that wait, each of one datagram or of a train, as many as go into one call.
std::span<mmsghdr> BatchAccess::prepare(SendBatch& batch, bool trains) noexcept {
    auto& work = *batch.work_;
    auto place = batch.next_;
    std::size_t pieces = 0, taken = 0;
    work.prepared = 0;
    while (place.entry < batch.entries_.size() && work.prepared < most_messages && pieces < most_pieces) {
        auto& message = work.messages[work.prepared];
        const std::size_t peer = batch.entries_[place.entry].peer, first_piece = pieces;
        const std::size_t segment = std::min(batch.entries_[place.entry].segment,
                                             batch.entries_[place.entry].data.size() - place.offset);
        bool whole = trains && work.trains && segment > 0 && taken >= work.alone;
        std::size_t bytes = 0, last = segment;
        message.datagrams = 0;
        do {
            const auto& entry = batch.entries_[place.entry];
            std::size_t left = entry.data.size() - place.offset;
            last = std::min(entry.segment, left);
            std::size_t count = 1;
            if (whole && entry.segment == segment && left > segment)  // all that a train may still take, at once
                count = std::clamp<std::size_t>((most_bytes_in_train - bytes) / segment, 1,
                                                std::min(left / segment, most_in_train - message.datagrams));
            Bytes part = entry.data.slice(place.offset, last * count);
            if (pieces > first_piece && work.pieces[pieces - 1].end() == part.begin())
                work.pieces[pieces - 1] = {work.pieces[pieces - 1].data(),
                                           work.pieces[pieces - 1].size() + part.size()};
            else
                work.pieces[pieces++] = part;
            bytes += part.size();
            message.datagrams += count;
            place.offset += part.size();
            if (place.offset >= entry.data.size()) place = {place.entry + 1, 0};
        } while (whole && last == segment && pieces < most_pieces && message.datagrams < most_in_train &&
                 bytes + segment <= most_bytes_in_train && joins(batch, place, peer, segment));
        message.end = place;
        taken += message.datagrams;
        auto& header = work.headers[work.prepared++].msg_hdr;
        header = {};
        header.msg_iov = const_cast<iovec*>(reinterpret_cast<const iovec*>(work.pieces.data() + first_piece));
        header.msg_iovlen = pieces - first_piece;
        if (peer != SendBatch::no_peer) {
            header.msg_name = const_cast<::sockaddr*>(sys::sockaddr_of(batch.peers_[peer]));
            header.msg_namelen = sys::size_of(batch.peers_[peer]);
        }
        if (message.datagrams > 1) {
            auto size = static_cast<std::uint16_t>(segment);
            std::memcpy(message.control.data() + cmsg::header, &size, sizeof size);
            header.msg_control = message.control.data();
            header.msg_controllen = message.control.size();
        }
    }
    return std::span(work.headers).first(work.prepared);
}

/// The first `messages` of the prepared ones are gone. Returns how many datagrams that were.
std::size_t BatchAccess::sent(SendBatch& batch, std::size_t messages) noexcept {
    auto& work = *batch.work_;
    std::size_t datagrams = 0;
    for (std::size_t i = 0; i < messages; ++i) datagrams += work.messages[i].datagrams;
    if (messages > 0) batch.next_ = work.messages[messages - 1].end;
    work.alone -= std::min(work.alone, datagrams);
    batch.waiting_ -= datagrams;
    if (batch.waiting_ == 0) batch.clear();
    return datagrams;
}

/// Whether the kernel refused the first message because it is a train; then its datagrams are sent one by one, and so
/// are all others where it knows no trains at all.
bool BatchAccess::goes_on_without_trains(SendBatch& batch, int errnum) noexcept {
    auto& work = *batch.work_;
    if (work.prepared == 0 || work.messages[0].datagrams < 2) return false;
    if (errnum == EIO || errnum == EOPNOTSUPP || errnum == ENOPROTOOPT)
        work.trains = false;
    else if (errnum != EINVAL && errnum != EMSGSIZE)
        return false;
    work.alone = work.messages[0].datagrams;
    return true;
}

Result<std::size_t> BatchAccess::send(SocketState& state, SendBatch& batch, int flags) {
    Deadline deadline(state.timeout);
    bool trains = is_udp(state);
    std::size_t count = 0;
    while (batch.waiting_ > 0) {
        auto headers = prepare(batch, trains);
        auto attempt = [=, fd = state.fd.fileno(), all_flags = state.without_waiting(flags)] {
            return sys::sendmmsg(fd, headers, all_flags);
        };
        auto messages = attempt();
        if (!messages) messages = persist(state, POLLOUT, flags, deadline, attempt, messages.error());
        if (messages) {
            count += sent(batch, *messages);
            if (*messages < headers.size()) interrupted();  // a signal may be why: the kernel does not tell
        } else if (!goes_on_without_trains(batch, messages.error().number())) {
            // What was sent is told, as by send(); the error comes back with the next call.
            if (count > 0 && messages.error() == std::errc::resource_unavailable_try_again) return count;
            return std::unexpected(messages.error());
        }
    }
    return count;
}

Result<std::size_t> Socket::try_sendmmsg(SendBatch& batch, int flags) {
    if (!state_) return std::unexpected(Errno(EBADF));
    require_messages(*state_);
    return BatchAccess::send(*state_, batch, flags);
}

std::size_t Socket::sendmmsg(SendBatch& batch, int flags) {
    if (!state_) throw ClosedError("sendmmsg");
    auto count = try_sendmmsg(batch, flags);
    if (!count) raise_os_error(count.error(), state_->context("sendmmsg", "to"));
    return *count;
}

}  // namespace bight

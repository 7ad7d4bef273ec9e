// SPDX-License-Identifier: BSL-1.0
#include "engine/datagram_port.h"

#include <bight/socket.h>

#include "engine/segment_size.h"
#include "sys/calls.h"
#include "sys/messages.h"
#include "values/cmsg_layout.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>

namespace bight::engine {
namespace {

constexpr std::size_t large = 4096;
constexpr std::size_t worth_a_block = ArrivedDatagrams::longest / 4;

/// What the kernel takes as one: as many datagrams as old ones do, and as many bytes as go into a packet.
constexpr std::size_t most_in_train = 64;
constexpr std::size_t most_bytes_in_train = 65'400;

bool is_internet(Family family) noexcept { return family == Family::inet || family == Family::inet6; }

/// Of what goes as one message, how much.
std::size_t size_of_train(const Operation& operation) noexcept {
    std::size_t segment = operation.segment;
    std::size_t count = std::clamp<std::size_t>(most_bytes_in_train / segment, 1, most_in_train);
    return std::min(operation.size, count * segment);
}

}  // namespace

DatagramPort::DatagramPort(DatagramBatches& batches, int fd, Family family) noexcept
    : batches_(batches), fd_(fd), family_(family) {
    if (!is_internet(family)) return;
    makes_trains_ = sys::getsockopt_int(fd, SOL_SOCKET, SO_PROTOCOL).value_or(0) == IPPROTO_UDP;
    bool takes_trains = makes_trains_ && sys::getsockopt_int(fd, IPPROTO_UDP, cmsg::udp_gro).value_or(0) != 0;
    if (takes_trains) trains_.reset(new (std::nothrow) ArrivedTrains);
}

void DatagramBatches::flush() noexcept {
    ++turn;
    if (!leaving || leaving->is_free()) return;
    DatagramPort& port = *leaving->owner();
    if (!port.is_blocked()) (void)port.flush();
}

void DatagramPort::end() noexcept {
    if (batches_.arrived && batches_.arrived->is_of(*this)) batches_.arrived->forget();
    if (!batches_.leaving || !batches_.leaving->is_of(*this)) return;
    (void)batches_.leaving->send(fd_);
    batches_.leaving->forget();
}

bool DatagramPort::finish_with_error(Operation& operation) noexcept {
    if (error_ == 0) return false;
    operation.finish(-std::exchange(error_, 0));
    return true;
}

// ---- Receiving. --------------------------------------------------------------------------------------------------------

bool DatagramPort::receive(Operation& operation, ReceivedDatagram& datagram) noexcept {
    if (finish_with_error(operation)) return true;
    if (trains_) return receive_of_train(operation, datagram);
    datagram.segment = 0;
    if (has_arrived()) return take_arrived(operation, datagram);
    if (are_large_) return receive_one(operation, datagram);
    if (!batches_.arrived) {
        auto made = ArrivedDatagrams::make();
        if (!made) return receive_one(operation, datagram);
        batches_.arrived = std::move(*made);
    }
    if (!batches_.arrived->is_free()) return receive_one(operation, datagram);
    auto count = batches_.arrived->receive(fd_, *this);
    // A short batch was the last: what comes behind it is told anew.
    is_readable_ = count && *count == ArrivedDatagrams::most;
    if (count && *count > 0) return take_arrived(operation, datagram);
    if (count || count.error().number() == EAGAIN) return false;
    is_readable_ = true;
    operation.finish(-count.error().number());
    return true;
}

bool DatagramPort::take_arrived(Operation& operation, ReceivedDatagram& datagram) noexcept {
    are_large_ = batches_.arrived->size_of_first() > large;
    try {
        batches_.arrived->take(operation.size, datagram);
    } catch (const std::bad_alloc&) {
        operation.finish(-ENOMEM);
        return true;
    }
    operation.finish(static_cast<std::int64_t>(datagram.data.size()));
    return true;
}

bool DatagramPort::receive_one(Operation& operation, ReceivedDatagram& datagram) noexcept {
    try {
        Buffer block = Buffer::with_capacity(ArrivedDatagrams::longest);
        std::size_t room = std::min(operation.size, ArrivedDatagrams::longest);
        auto count = sys::recvfrom(fd_, block.room().first(room), MSG_DONTWAIT | MSG_TRUNC, datagram.peer);
        is_readable_ = count || count.error().number() != EAGAIN;
        if (!is_readable_) return false;
        if (!count) {
            operation.finish(-count.error().number());
            return true;
        }
        are_large_ = *count > large;
        datagram.truncated = *count > room;
        block.resize(std::min(*count, room));
        datagram.data = block.size() < worth_a_block ? block.copy() : std::move(block);
    } catch (const std::bad_alloc&) {
        operation.finish(-ENOMEM);
        return true;
    }
    operation.finish(static_cast<std::int64_t>(datagram.data.size()));
    return true;
}

bool DatagramPort::receive_of_train(Operation& operation, ReceivedDatagram& datagram) noexcept {
    try {
        if (trains_->is_empty()) {
            auto got = trains_->receive(fd_);
            // As of a batch: few were the last.
            is_readable_ = got ? *got == ArrivedTrains::most : got.error().number() != EAGAIN;
            if (!got && !is_readable_) return false;
            if (!got) {
                operation.finish(-got.error().number());
                return true;
            }
        }
        if (operation.verb == Verb::receive_train)
            trains_->take_train(datagram);
        else
            trains_->take(operation.size, datagram);
    } catch (const std::bad_alloc&) {
        operation.finish(-ENOMEM);
        return true;
    }
    operation.finish(static_cast<std::int64_t>(datagram.data.size()));
    return true;
}

// ---- Sending. ----------------------------------------------------------------------------------------------------------

bool DatagramPort::send(Operation& operation) noexcept {
    if (finish_with_error(operation)) return true;
    LeavingDatagrams* leaving = batches_.leaving.get();
    bool has_gathered = leaving && leaving->is_of(*this);
    if (operation.verb == Verb::send_train) {
        if (has_gathered && (is_blocked_ || !flush())) return false;  // all in their order
        turn_of_last_send_ = batches_.turn;
        return send_train(operation);
    }
    if (has_gathered) {
        if (is_blocked_) return false;
        if (gather(operation)) return true;
        if (!flush()) return false;  // all in their order
        return gather(operation) || send_at_once(operation);
    }
    if (std::exchange(turn_of_last_send_, batches_.turn) == batches_.turn && gather(operation)) return true;
    return send_at_once(operation);
}

/// The datagrams of one message go all or none, so what is left is always whole ones.
bool DatagramPort::send_train(Operation& operation) noexcept {
    std::size_t alone = 0;  // as many bytes, of a message that the kernel refuses, whose datagrams it may take
    while (true) {
        std::size_t size = size_of_train(operation);
        if (!makes_trains_ || alone > 0) size = std::min<std::size_t>(size, operation.segment);
        auto sent = send_segments(operation, Bytes(operation.data, size));
        if (sent) {
            alone -= std::min(alone, size);
            operation.data += size;
            operation.size -= size;
            if (operation.size > 0) continue;
            operation.finish(0);
            return true;
        }
        int errnum = sent.error().number();
        if (errnum == EAGAIN) return false;
        bool is_refused = errnum == EIO || errnum == EOPNOTSUPP || errnum == ENOPROTOOPT;
        bool is_train = size > operation.segment;
        if (is_train && is_refused)
            makes_trains_ = false;
        else if (is_train && (errnum == EINVAL || errnum == EMSGSIZE))
            alone = size;
        else
            return operation.finish(-errnum), true;
    }
}

Result<std::size_t> DatagramPort::send_segments(const Operation& operation, Bytes data) noexcept {
    static const Address connected;
    SegmentSize segment(operation.segment);
    Bytes beside = data.size() > operation.segment ? segment.bytes() : Bytes();
    return sys::sendmsg(fd_, {&data, 1}, beside, MSG_DONTWAIT, operation.address ? *operation.address : connected);
}

/// Takes it to be sent at the end of the turn: false where that cannot be.
bool DatagramPort::gather(Operation& operation) noexcept {
    if (!is_internet(family_) || operation.size > LeavingDatagrams::longest) return false;
    if (!batches_.leaving) batches_.leaving.reset(new (std::nothrow) LeavingDatagrams);
    LeavingDatagrams* leaving = batches_.leaving.get();
    if (!leaving || leaving->is_full() || !(leaving->is_free() || leaving->is_of(*this))) return false;
    leaving->add(*this, Bytes(operation.data, operation.size), operation.address);
    operation.finish(static_cast<std::int64_t>(operation.size));
    return true;
}

bool DatagramPort::send_at_once(Operation& operation) noexcept {
    Bytes data(operation.data, operation.size);
    auto count = operation.address ? sys::sendto(fd_, data, MSG_DONTWAIT, *operation.address)
                                   : sys::send(fd_, data, MSG_DONTWAIT);
    if (!count && count.error().number() == EAGAIN) return false;
    operation.finish(count ? static_cast<std::int64_t>(*count) : -count.error().number());
    return true;
}

/// An error may be of an earlier datagram, whose peer has answered so: hence each is tried twice.
bool DatagramPort::flush() noexcept {
    LeavingDatagrams& leaving = *batches_.leaving;
    is_blocked_ = false;
    std::size_t failed = LeavingDatagrams::most;  // which one
    while (leaving.is_of(*this)) {
        int errnum = leaving.send(fd_);
        if (errnum == 0) break;
        if (errnum == EAGAIN) {
            is_blocked_ = true;
            wait_for_room();
            return false;
        }
        if (error_ == 0) error_ = errnum;
        if (std::exchange(failed, leaving.position()) == leaving.position()) leaving.skip();
    }
    return true;
}

bool DatagramPort::stop_waiting() noexcept {
    if (!to_full_peer_) return false;
    to_full_peer_.reset();
    return true;
}

Result<int> DatagramPort::descriptor_to_wait_for(const Operation& operation) noexcept {
    to_full_peer_.reset();
    if (family_ != Family::unix_domain || !operation.address) return fd_;
    std::array<pollfd, 1> own{pollfd{fd_, POLLOUT, 0}};
    if (sys::poll(own, Duration::zero()).value_or(0) == 0) return fd_;  // it has no room itself
    auto fd = sys::socket(family_, Kind::datagram, 0);
    if (!fd) return fd;
    to_full_peer_.emplace(*fd);
    if (auto connected = sys::connect(*fd, *operation.address); !connected) {
        to_full_peer_.reset();
        return std::unexpected(connected.error());
    }
    return fd;
}

}  // namespace bight::engine

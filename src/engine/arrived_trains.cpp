// SPDX-License-Identifier: BSL-1.0
#include "engine/arrived_trains.h"

#include <bight/ancillary.h>

#include "sys/messages.h"
#include "values/address_access.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bight::engine {
namespace {

constexpr std::size_t longest_train = std::size_t{64} << 10;
constexpr std::size_t worth_handing_on = longest_train / 4;
constexpr std::size_t room_beside = 256;  // for time stamps and the like, which come before the size of segments

}  // namespace

Result<std::size_t> ArrivedTrains::receive(int fd) {
    std::array<mmsghdr, most> headers{};
    std::array<iovec, most> pieces;
    alignas(std::size_t) std::array<std::array<std::byte, room_beside>, most> control;
    next_ = count_ = offset_ = 0;
    for (std::size_t i = 0; i < most; ++i) {
        Train& train = trains_[i];
        if (train.data.capacity() < longest_train) train.data = Buffer::with_capacity(longest_train);
        pieces[i] = {train.data.room().data(), longest_train};
        auto& header = headers[i].msg_hdr;
        header.msg_name = AddressAccess::memory(train.peer);
        header.msg_namelen = Address::max_size;
        header.msg_iov = &pieces[i];
        header.msg_iovlen = 1;
        header.msg_control = control[i].data();
        header.msg_controllen = control[i].size();
    }
    auto count = sys::recvmmsg(fd, headers, MSG_DONTWAIT);
    for (std::size_t i = 0; i < most; ++i) {
        Train& train = trains_[i];
        const auto& [header, size] = headers[i];
        if (i >= count.value_or(0)) {
            train.data = Buffer();
            continue;
        }
        train.data.resize(size);
        AddressAccess::filled(train.peer, header.msg_namelen);
        train.segment = AncillaryView(Bytes(control[i].data(), header.msg_controllen)).segment_size().value_or(0);
        if (train.segment == 0) train.segment = size;
        train.truncated = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    }
    count_ = count.value_or(0);
    return count;
}

void ArrivedTrains::take(std::size_t limit, ReceivedDatagram& datagram) {
    Train& train = trains_[next_];
    Bytes first = train.data.bytes().slice(offset_, train.segment);
    bool is_last = offset_ + first.size() == train.data.size();
    datagram.data = Buffer::copy_of(first.slice(0, limit));
    datagram.peer = train.peer;
    datagram.truncated = first.size() > limit || (train.truncated && is_last);
    datagram.segment = train.segment;
    offset_ += first.size();
    if (is_last) drop_first();
}

void ArrivedTrains::take_train(ReceivedDatagram& datagram) {
    Train& train = trains_[next_];
    bool is_worth_it = offset_ == 0 && train.data.size() >= worth_handing_on;
    datagram.data = is_worth_it ? std::move(train.data) : Buffer::copy_of(train.data.bytes().slice(offset_));
    datagram.peer = train.peer;
    datagram.truncated = train.truncated;
    datagram.segment = train.segment;
    drop_first();
}

void ArrivedTrains::drop_first() noexcept {
    trains_[next_++].data = Buffer();
    offset_ = 0;
}

}  // namespace bight::engine

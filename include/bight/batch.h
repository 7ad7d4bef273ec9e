// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/ancillary.h>
#include <bight/bytes.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <vector>

// Many datagrams in one call, on their way in and out: Socket::recvmmsg() and Socket::sendmmsg(). A batch is made once
// and used again and again; no call with one allocates. One datagram is a batch of one.
namespace bight {

/// A datagram of a ReceiveBatch; its bytes and its peer are the batch's.
struct BatchedDatagram {
    Bytes data;
    std::size_t size;     // its true length; where a family does not tell that, what there is of it
    const Address& peer;  // the sender
    AncillaryView ancillary;
    int flags;  // as recvmsg(2) gives them: MSG_TRUNC, MSG_CTRUNC where ancillary data was lost, ...

    bool truncated() const noexcept { return (flags & msg_trunc) != 0; }

    static constexpr int msg_trunc = 0x20;  // MSG_TRUNC of <sys/socket.h>
};

/// Memory for datagrams to come, and what came: a range of BatchedDatagram, good until the batch is used again.
///
/// Where a socket has UDP_GRO set, the kernel hands over trains of datagrams in one piece; here they
/// are apart again.
class ReceiveBatch {
public:
    class iterator;

    /// Room for `messages` datagrams, or trains, of `size` bytes each. What is longer is cut, and told to be. One that was
    /// moved from is empty and receives nothing any more.
    explicit ReceiveBatch(std::size_t messages = 32, std::size_t size = 65'535, std::size_t ancillary_size = 128);
    ReceiveBatch(ReceiveBatch&&) noexcept;
    ReceiveBatch& operator=(ReceiveBatch&&) noexcept;
    ~ReceiveBatch();

    /// How many datagrams came.
    std::size_t size() const noexcept { return datagrams_; }
    bool empty() const noexcept { return datagrams_ == 0; }

    inline iterator begin() const noexcept;
    inline iterator end() const noexcept;

private:
    friend struct BatchAccess;
    struct Work;

    /// What one message of the kernel's brought.
    struct Slot {
        Address peer;
        Bytes data;
        std::size_t length = 0;   // of the whole message, however much of it there is
        std::size_t segment = 0;  // of a train: the length of each datagram but the last
        AncillaryView ancillary;
        int flags = 0;
    };

    std::vector<Slot> slots_;
    std::size_t filled_ = 0;  // the slots that came
    std::size_t datagrams_ = 0;
    std::unique_ptr<Work> work_;
};

class ReceiveBatch::iterator {
public:
    using value_type = BatchedDatagram;
    using difference_type = std::ptrdiff_t;

    iterator() noexcept = default;
    explicit iterator(const Slot* slot) noexcept : slot_(slot) {}

    BatchedDatagram operator*() const noexcept {
        std::size_t left = slot_->length - offset_;
        std::size_t size = slot_->segment != 0 && slot_->segment < left ? slot_->segment : left;
        Bytes data = slot_->data.slice(offset_, size);
        int cut = data.size() < size ? BatchedDatagram::msg_trunc : 0;
        return {data, size, slot_->peer, slot_->ancillary, slot_->flags | cut};
    }
    iterator& operator++() noexcept {
        offset_ += slot_->segment;
        if (slot_->segment == 0 || offset_ >= slot_->length) {
            ++slot_;
            offset_ = 0;
        }
        return *this;
    }
    iterator operator++(int) noexcept {
        iterator before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(const iterator&, const iterator&) noexcept = default;

private:
    const Slot* slot_ = nullptr;
    std::size_t offset_ = 0;
};

inline ReceiveBatch::iterator ReceiveBatch::begin() const noexcept { return iterator(slots_.data()); }
inline ReceiveBatch::iterator ReceiveBatch::end() const noexcept { return iterator(slots_.data() + filled_); }

/// Datagrams that wait to be sent. The bytes stay the caller's, and must stay as they are until they are sent.
///
/// Over UDP, neighbours to one peer of one length (the last one may be shorter) travel as a train, which the kernel or
/// the network card cuts (UDP_SEGMENT of udp(7)); where that is refused they are sent one by one.
class SendBatch {
public:
    /// Room for so many datagrams; more make it grow.
    explicit SendBatch(std::size_t datagrams = 64);
    SendBatch(SendBatch&&) noexcept;  // what was moved from is empty, and may be filled again
    SendBatch& operator=(SendBatch&&) noexcept;
    ~SendBatch();

    /// One datagram, to `peer` or to the one that the socket is connected to.
    void add(Bytes data);
    void add(Bytes data, const Address& peer);

    /// `data` as datagrams of `size` bytes, the last one maybe shorter. Raises ValueError for a size of 0.
    void add_train(Bytes data, std::size_t size);
    void add_train(Bytes data, std::size_t size, const Address& peer);

    /// How many wait.
    std::size_t size() const noexcept { return waiting_; }
    bool empty() const noexcept { return waiting_ == 0; }

    /// Gives up the first one that waits: the one that sendmmsg() failed with.
    void drop_first() noexcept;
    void clear() noexcept;

private:
    friend struct BatchAccess;
    struct Work;
    struct Entry {
        Bytes data;
        std::size_t segment;  // of each datagram in it; of one alone, its own size
        std::size_t peer;     // its place in peers_
    };
    static constexpr std::size_t no_peer = static_cast<std::size_t>(-1);

    /// Where the next datagram begins.
    struct Place {
        std::size_t entry = 0;
        std::size_t offset = 0;
    };

    std::size_t place_of(const Address& peer);
    void forget_sent() noexcept;
    void append(Bytes data, std::size_t segment, const Address* peer);

    std::vector<Entry> entries_;
    std::vector<Address> peers_;
    Place next_;
    std::size_t waiting_ = 0;
    std::unique_ptr<Work> work_;
};

}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/engine/operation.h>
#include <bight/error.h>

#include "sys/messages.h"
#include "sys/ring.h"

#include <array>
#include <cstddef>
#include <memory>

namespace bight::engine {

class DatagramPort;

/// Datagrams that one call has brought, and of one port, which has them until it has taken all.
class ArrivedDatagrams {
public:
    static constexpr std::size_t most = 64;
    static constexpr std::size_t longest = std::size_t{64} << 10;  // of UDP none is longer; of Unix it is cut off

    static Result<std::unique_ptr<ArrivedDatagrams>> make() noexcept;

    bool is_free() const noexcept { return owner_ == nullptr; }
    bool is_of(const DatagramPort& port) const noexcept { return owner_ == &port; }

    /// Receives what is there for `port`: how many. Only while it is free.
    Result<std::size_t> receive(int fd, const DatagramPort& port) noexcept;

    std::size_t size_of_first() const noexcept { return headers_[next_].msg_len; }

    /// Takes the first out, cut off at `limit`. Raises std::bad_alloc, and then it stays.
    void take(std::size_t limit, ReceivedDatagram& datagram);

    void forget() noexcept { owner_ = nullptr; }

private:
    // Apart, so that they do not fall into the same few lines of the cache.
    static constexpr std::size_t distance = longest + 64;

    explicit ArrivedDatagrams(sys::Mapping memory) noexcept;
    MutableBytes room(std::size_t number) const noexcept { return {memory_.data() + number * distance, longest}; }

    sys::Mapping memory_;  // of addresses; of memory, what datagrams have ever filled
    const DatagramPort* owner_ = nullptr;
    std::size_t next_ = 0;
    std::size_t count_ = 0;
    std::array<mmsghdr, most> headers_{};
    std::array<iovec, most> pieces_{};
    std::array<Address, most> peers_;
};

/// Datagrams of one port that are sent by one call, soon.
class LeavingDatagrams {
public:
    static constexpr std::size_t most = 64;
    static constexpr std::size_t longest = 2048;

    bool is_free() const noexcept { return owner_ == nullptr; }
    bool is_of(const DatagramPort& port) const noexcept { return owner_ == &port; }
    bool is_full() const noexcept { return count_ == most; }
    DatagramPort* owner() const noexcept { return owner_; }

    /// Copies one of `port`'s behind the others, none of which is another port's.
    void add(DatagramPort& port, Bytes data, const Address* to) noexcept;

    /// Sends as many as it can: 0, or what has stopped it. The first one left is then what it has stopped at.
    int send(int fd) noexcept;

    /// How many have gone, or were left out, since the first was added.
    std::size_t position() const noexcept { return next_; }

    /// Leaves the first one out.
    void skip() noexcept;

    void forget() noexcept;

private:
    DatagramPort* owner_ = nullptr;
    std::size_t next_ = 0;
    std::size_t count_ = 0;
    std::array<mmsghdr, most> headers_{};
    std::array<iovec, most> pieces_{};
    std::array<Address, most> peers_;
    std::array<std::array<std::byte, longest>, most> memory_;
};

}  // namespace bight::engine

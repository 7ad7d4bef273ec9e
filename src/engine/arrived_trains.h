// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/buffer.h>
#include <bight/engine/operation.h>
#include <bight/error.h>

#include <array>
#include <cstddef>

namespace bight::engine {

/// What one call has brought of a port where the kernel puts datagrams together (UDP_GRO): a few trains, each of one peer's
/// datagrams, one behind the other, until all are taken. Empty, it holds no memory.
class ArrivedTrains {
public:
    static constexpr std::size_t most = 4;

    bool is_empty() const noexcept { return next_ == count_; }

    /// Receives what is there: how many trains. Only while it is empty. Raises std::bad_alloc.
    Result<std::size_t> receive(int fd);

    /// Takes the first datagram out, cut off at `limit`. Raises std::bad_alloc, and then it stays.
    void take(std::size_t limit, ReceivedDatagram& datagram);

    /// Takes all that are left of the first train.
    void take_train(ReceivedDatagram& datagram);

private:
    struct Train {
        Buffer data;
        std::size_t segment = 0;
        Address peer;
        bool truncated = false;
    };

    void drop_first() noexcept;

    std::array<Train, most> trains_;
    std::size_t next_ = 0;
    std::size_t count_ = 0;
    std::size_t offset_ = 0;  // of the first, what of it was taken
};

}  // namespace bight::engine

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/asyncio/task.h>
#include <bight/asyncio/waiter.h>
#include <bight/buffer.h>
#include <bight/bytes.h>
#include <bight/engine/operation.h>
#include <bight/error.h>

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

namespace bight {

class Socket;

namespace asyncio {

/// A datagram that has come.
using Packet = engine::ReceivedDatagram;

/// Datagrams of one peer's that have come together, one behind the other.
struct Train {
    Buffer data;
    std::size_t size = 0;  // of each datagram; the last may be shorter
    Address peer;
    bool truncated = false;  // the last one was
};

namespace detail {

[[noreturn]] void raise_datagram_error(const engine::Operation& operation, std::string_view call);

struct ReceiveFromWait : ChannelWait {
    ReceiveFromWait(engine::Channel& from, std::size_t limit) noexcept : ChannelWait(from, engine::Verb::receive_from) {
        size = limit;
    }
    Packet await_resume() {
        if (result < 0) [[unlikely]]
            raise_datagram_error(*this, "recvfrom");
        return channel->take_datagram();
    }
};

struct SendToWait : ChannelWait {
    SendToWait(engine::Channel& through, Bytes bytes, const Address* to) noexcept
        : ChannelWait(through, engine::Verb::send_to) {
        data = bytes.data();
        size = bytes.size();
        address = to;
    }
    void await_resume() {
        if (result < 0) [[unlikely]]
            raise_datagram_error(*this, "sendto");
    }
};

struct ReceiveTrainWait : ChannelWait {
    ReceiveTrainWait(engine::Channel& from, std::size_t limit) noexcept
        : ChannelWait(from, engine::Verb::receive_train) {
        size = limit;
    }
    Train await_resume() {
        if (result < 0) [[unlikely]]
            raise_datagram_error(*this, "recv_train");
        Packet packet = channel->take_datagram();
        std::size_t each = packet.segment != 0 ? packet.segment : packet.data.size();
        return {std::move(packet.data), each, packet.peer, packet.truncated};
    }
};

struct SendTrainWait : SendToWait {
    SendTrainWait(engine::Channel& through, Bytes bytes, std::uint16_t each, const Address* to) noexcept
        : SendToWait(through, bytes, to) {
        // An empty datagram, or one alone, is no train.
        if (each < bytes.size()) verb = engine::Verb::send_train;
        segment = each;
    }
    void await_resume() {
        if (result < 0) [[unlikely]]
            raise_datagram_error(*this, "send_train");
    }
};

}  // namespace detail

/// A port for datagrams. One task receives at a time, any number send.
///
/// An error that an earlier datagram has caused, ConnectionRefusedError from a port where nobody listens, is raised by the
/// next call, once, and ends nothing: go on. Destroying it closes it.
///
/// Real sockets move many datagrams by one call. Up to 64 are taken out of the kernel at once: whoever else reads from the
/// same socket does not find those. Of UDP the second one that is sent in a turn of the loop and those behind it, if they
/// are of 2 KiB at most, are copied and go together at the turn's end: sent then means copied, what goes wrong with one
/// leaves it out and is raised by the next call, and where the socket has no room the next sends wait. Closing sends what
/// there is room for.
class Datagram {
public:
    static constexpr std::size_t longest = 65536;

    explicit Datagram(engine::ChannelOwner channel) noexcept : channel_(std::move(channel)) {}

    /// Waits for a datagram. What is longer than `limit` is cut off, and `truncated` says so. Cancelled, it has taken none:
    /// what has arrived is for the next one.
    detail::ReceiveFromWait recvfrom(std::size_t limit = longest) { return {channel("recvfrom"), limit}; }

    /// Sends one datagram. `data` and `peer` must outlive the wait. Cancelled, it has sent nothing. A Unix receiver that is
    /// full is waited for, and those that are sent behind it wait too.
    detail::SendToWait sendto(Bytes data, const Address& peer) { return {channel("sendto"), data, &peer}; }

    /// To the address that it is connected to.
    detail::SendToWait send(Bytes data) { return {channel("send"), data, nullptr}; }

    // ---- Trains: many datagrams by one call of the kernel's. ---------------------------------------------------------

    /// Sends `data` as datagrams of `size` bytes, the last one maybe shorter; no data are one empty datagram. At once, behind
    /// what was gathered. Up to 64 of UDP go by one call (UDP_SEGMENT), where the kernel or the way to the peer knows none
    /// one by one. Cancelled or failed, some, all or none of them were sent, each whole. Raises ValueError for a size of 0.
    detail::SendTrainWait send_train(Bytes data, std::size_t size, const Address& peer) {
        return train_wait(data, size, &peer);
    }
    detail::SendTrainWait send_train(Bytes data, std::size_t size) { return train_wait(data, size, nullptr); }

    /// Waits for a datagram, and returns it with those of its peer that the kernel has put together with it: such come to
    /// ports that were opened with `trains` (UDP_GRO), where recvfrom() takes them out one by one. Cancelled, it has taken
    /// none.
    detail::ReceiveTrainWait recv_train() { return {channel("recv_train"), longest}; }

    void close() noexcept { channel_.reset(); }
    bool is_closing() const noexcept { return channel_ == nullptr; }

    /// Gives the port away, still open: for what is built of channels, as a transport is.
    [[nodiscard]] engine::ChannelOwner release() noexcept { return std::move(channel_); }

    Address local() const;
    int fileno() const noexcept { return channel_ ? channel_->fileno() : -1; }

private:
    detail::SendTrainWait train_wait(Bytes data, std::size_t size, const Address* peer);
    engine::Channel& channel(std::string_view call) const {
        if (!channel_) [[unlikely]]
            throw ClosedError(call);
        return *channel_;
    }

    engine::ChannelOwner channel_;
};

// Only members that need no destruction: g++ 12 destroys others twice where the struct is made within a co_await.
struct DatagramOptions {
    const Address* local_addr = nullptr;   // to bind to
    const Address* remote_addr = nullptr;  // to connect to: then send() knows where, and others are not heard
    bool reuse_port = false;
    bool allow_broadcast = false;
    bool trains = false;  // takes trains as such (UDP_GRO), few by a call: for who is sent many at a time
};
static_assert(std::is_trivially_destructible_v<DatagramOptions>);

/// A port for datagrams: loop.create_datagram_endpoint(). At least one of the two addresses tells the family; ValueError
/// without. A plain call: nothing of it waits.
Datagram open_datagrams(const DatagramOptions& options);

/// Takes charge of a bound socket.
Datagram open_datagrams(Socket socket);

}  // namespace asyncio
}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/engine/operation.h>
#include <bight/family.h>
#include <bight/file_descriptor.h>

#include "engine/arrived_trains.h"
#include "engine/datagram_batches.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace bight::engine {

/// What the ports of an engine share.
struct DatagramBatches {
    std::unique_ptr<ArrivedDatagrams> arrived;  // null until somebody receives
    std::unique_ptr<LeavingDatagrams> leaving;  // null until somebody sends more than one in a turn
    std::uint64_t turn = 0;                     // of the engine

    /// Before the engine waits: sends what was gathered.
    void flush() noexcept;
};

/// The socket of a port for datagrams, as the engines of real sockets use it: received by batches of one call, and sent by
/// batches where there are several in a turn. Nothing of it waits.
///
/// The first datagram of a turn goes at once. Those behind it are gathered until the turn's end, if they are short and of
/// UDP: what goes wrong with one of these is told by the port's next call.
class DatagramPort {
public:
    DatagramPort(DatagramBatches& batches, int fd, Family family) noexcept;
    DatagramPort(const DatagramPort&) = delete;
    DatagramPort& operator=(const DatagramPort&) = delete;

    /// Receives one datagram for the operation, at most its size, into `datagram`. False where there is none now.
    bool receive(Operation& operation, ReceivedDatagram& datagram) noexcept;

    /// Whether receive() is worth a try: something has arrived, or the kernel may have something.
    bool may_receive() const noexcept { return is_readable_ || has_arrived() || error_ != 0; }

    /// Received, and not taken yet.
    bool has_arrived() const noexcept {
        return (trains_ && !trains_->is_empty()) || (batches_.arrived && batches_.arrived->is_of(*this));
    }

    /// The kernel has told that there is something.
    void became_readable() noexcept { is_readable_ = true; }

    /// Sends the operation's datagram, or those of its train that are left. False where there is no room for them now.
    bool send(Operation& operation) noexcept;

    /// Sends what was gathered: false where there is no room, and wait_for_room() was called.
    bool flush() noexcept;
    bool is_blocked() const noexcept { return is_blocked_; }

    /// After send() said that there is no room: the descriptor whose being writable says that there may be. A Unix socket
    /// that is not connected does not know whether its receiver is full; one that is connected to it does, and is made
    /// here. An errno where the receiver has gone.
    Result<int> descriptor_to_wait_for(const Operation& operation) noexcept;

    bool waits_for_receiver() const noexcept { return to_full_peer_.has_value(); }

    /// Gives up a descriptor that was made for that: false where there is none.
    bool stop_waiting() noexcept;

    /// Before the socket is closed: sends what it can of what was gathered, and forgets the rest, and what has arrived.
    void end() noexcept;

protected:
    virtual ~DatagramPort() = default;

private:
    friend struct DatagramBatches;

    /// What was gathered waits: flush() is to be called when there may be room.
    virtual void wait_for_room() noexcept = 0;

    bool receive_one(Operation& operation, ReceivedDatagram& datagram) noexcept;
    bool take_arrived(Operation& operation, ReceivedDatagram& datagram) noexcept;
    bool gather(Operation& operation) noexcept;
    bool send_at_once(Operation& operation) noexcept;
    bool receive_of_train(Operation& operation, ReceivedDatagram& datagram) noexcept;
    bool send_train(Operation& operation) noexcept;
    Result<std::size_t> send_segments(const Operation& operation, Bytes data) noexcept;
    bool finish_with_error(Operation& operation) noexcept;

    DatagramBatches& batches_;
    std::optional<FileDescriptor> to_full_peer_;
    std::unique_ptr<ArrivedTrains> trains_;  // where the kernel puts such together
    std::uint64_t turn_of_last_send_ = UINT64_MAX;
    int fd_;
    Family family_;
    int error_ = 0;              // of a datagram that was gathered: told once
    bool is_readable_ = true;    // as far as is known
    bool are_large_ = false;     // the last one was: such come one by one, each into memory of its own
    bool makes_trains_ = false;  // it is UDP, and the kernel has not refused any
    bool is_blocked_ = false;    // what was gathered has found no room
};

}  // namespace bight::engine

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/epoll/engine.h"
#include "engine/epoll/port.h"
#include "engine/operation_list.h"

namespace bight::engine {

/// An open socket, or a descriptor that is only watched, in an EpollEngine.
class EpollChannel final : public KernelChannel {
public:
    /// What is watched for somebody else is not ours to close.
    enum class Use : std::uint8_t { stream, listener, datagram, borrowed };

    EpollChannel(EpollEngine& engine, int fd, Use use) noexcept
        : KernelChannel(fd), use_(use), writable_(use != Use::borrowed), engine_(engine) {}

    bool attempt(Operation& operation) noexcept override;
    void start(Operation& operation) noexcept override;
    bool proceed(Operation& operation) noexcept override;
    void cancel(Operation& operation) noexcept override;
    Buffer take(const Operation& operation) override;
    bool at_end() const noexcept override { return eof_ && !has_unread(); }
    bool leaves_input() const noexcept override { return use_ == Use::stream && !has_unread(); }
    AcceptedChannel take_accepted() override;
    ReceivedDatagram take_datagram() override;
    int fileno() noexcept override;
    void drop() noexcept override;

    /// epoll(7) has these events for it.
    void became_ready(std::uint32_t events) noexcept;

    /// The full receiver that a send waits for is so no more: the event of a descriptor of its own.
    void receiver_has_room() noexcept;

private:
    friend class EpollEngine;
    friend class EpollPort;

    std::uint64_t number() const noexcept { return engine_.number_of(slot_); }
    bool is_taken(const Operation& operation) const noexcept;
    bool may_read(const Operation& operation) const noexcept;
    void arm_borrowed() noexcept;
    void enqueue(Operation* operation) noexcept;
    void end(Operation& operation, int errnum) noexcept;
    void next_writing() noexcept;

    // Each tries once, and says whether the operation is done.
    bool perform(Operation& operation) noexcept;
    bool receive(Operation& operation) noexcept;
    bool receive_into(Operation& operation) noexcept;
    bool receive_from(Operation& operation) noexcept;
    bool send(Operation& operation) noexcept;
    bool send_fds(Operation& operation) noexcept;
    bool send_to(Operation& operation) noexcept;
    bool wait_for_receiver(Operation& operation) noexcept;
    Result<void> hear_of_room(bool does) noexcept;
    bool accept(Operation& operation) noexcept;
    bool connect(Operation& operation) noexcept;
    Result<std::size_t> receive_some(MutableBytes memory) noexcept;
    bool unready(bool& flag, Operation& operation, Errno error) noexcept;

    // Few bytes, for there may be very many of these: the first ones fill up what the base leaves.
    Use use_;
    bool readable_ = false;  // as far as is known: what epoll has said, less what was tried since
    bool writable_;
    EpollEngine& engine_;
    std::uint32_t slot_ = 0;
    bool at_end_ : 1 = false;  // there is an end, an error or urgent data: a short count is not the last
    bool trusts_short_ : 1 = false;
    bool is_unix_ : 1 = false;
    bool eof_ : 1 = false;  // the end was read
    bool connecting_ : 1 = false;
    bool hears_of_room_ : 1 = false;  // a port: registered for that, too
    bool saw_flags_ : 1 = false;      // a listener: that accept() will not wait, since it was last told to be readable
    bool is_known_outside_ : 1 = false;  // there may be duplicates of the descriptor
    Operation* reading_ = nullptr;
    Operation* writing_ = nullptr;
    OperationList behind_writing_;
    std::unique_ptr<EpollPort> port_;  // of a channel for datagrams
};

}  // namespace bight::engine

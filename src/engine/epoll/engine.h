// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/kernel_engine.h"
#include "engine/slots.h"
#include "sys/calls.h"
#include "sys/forks.h"

#include <memory>

namespace bight::engine {

class EpollChannel;

/// Readiness: what can be done is done at once, and epoll(7) only tells when to try again. Each descriptor is registered
/// once, edge-triggered, for as long as it is open.
class EpollEngine final : public KernelEngine {
public:
    static Result<std::unique_ptr<Engine>> open(RunQueue& ready) noexcept;

    EpollEngine(RunQueue& ready, FileDescriptor epoll, FileDescriptor waker) noexcept;

    std::string_view name() const noexcept override { return "epoll"; }
    Result<ChannelOwner> adopt(FileDescriptor fd, Role role) noexcept override;
    Result<ChannelOwner> watch(int fd) noexcept override;
    void wake() noexcept override;

protected:
    void turn(bool wait, std::optional<TimePoint> deadline) noexcept override;
    bool wants_nonblocking() const noexcept override { return true; }

private:
    friend class EpollChannel;

    static constexpr std::uint64_t of_receiver = std::uint64_t{1} << 63;  // beside a channel's number
    static constexpr std::uint32_t socket_events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
    static constexpr std::uint32_t port_events = EPOLLIN | EPOLLPRI | EPOLLET;

    Result<ChannelOwner> add(std::unique_ptr<EpollChannel> channel, std::uint32_t events) noexcept;
    std::uint64_t number_of(std::uint32_t slot) const noexcept {
        return std::uint64_t{channels_.generation(slot)} << 32 | slot;
    }

    /// epoll_ctl(2). In a child of fork(2), which shares the parent's list, ECHILD.
    Result<void> control(int what, int fd, std::uint32_t events, std::uint64_t number) noexcept;

    sys::Birthplace birthplace_;
    FileDescriptor epoll_;
    FileDescriptor waker_;
    Slots<EpollChannel> channels_;

    Buffer block_;  // what is received into, unless it was given away

    // What the operation that was done last has brought.
    Buffer received_;
    AcceptedChannel accepted_;
    ReceivedDatagram datagram_;
};

}  // namespace bight::engine

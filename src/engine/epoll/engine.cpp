// SPDX-License-Identifier: BSL-1.0
#include "engine/epoll/engine.h"

#include "engine/epoll/channel.h"

#include <array>
#include <cerrno>
#include <new>
#include <utility>

namespace bight::engine {
namespace {

constexpr std::uint64_t waker_key = UINT64_MAX;
constexpr std::size_t events_a_turn = 512;

EpollChannel::Use use_of(Role role) noexcept {
    switch (role) {
        case Role::listener: return EpollChannel::Use::listener;
        case Role::datagram: return EpollChannel::Use::datagram;
        case Role::stream: break;
    }
    return EpollChannel::Use::stream;
}

}  // namespace

Result<std::unique_ptr<Engine>> EpollEngine::open(RunQueue& ready) noexcept {
    auto epoll = sys::epoll_create();
    if (!epoll) return std::unexpected(epoll.error());
    FileDescriptor owned_epoll(*epoll);
    auto waker = sys::eventfd();
    if (!waker) return std::unexpected(waker.error());
    FileDescriptor owned_waker(*waker);
    if (auto added = sys::epoll_ctl(*epoll, EPOLL_CTL_ADD, *waker, EPOLLIN, waker_key); !added)
        return std::unexpected(added.error());
    auto* engine = new (std::nothrow) EpollEngine(ready, std::move(owned_epoll), std::move(owned_waker));
    if (!engine) return std::unexpected(Errno(ENOMEM));
    return std::unique_ptr<Engine>(engine);
}

EpollEngine::EpollEngine(RunQueue& ready, FileDescriptor epoll, FileDescriptor waker) noexcept
    : KernelEngine(ready), epoll_(std::move(epoll)), waker_(std::move(waker)) {}

Result<void> EpollEngine::control(int what, int fd, std::uint32_t events, std::uint64_t number) noexcept {
    if (!birthplace_.is_here()) return std::unexpected(Errno(ECHILD));
    return sys::epoll_ctl(epoll_.fileno(), what, fd, events, number);
}

Result<ChannelOwner> EpollEngine::add(std::unique_ptr<EpollChannel> channel, std::uint32_t events) noexcept {
    try {
        channel->slot_ = channels_.add(*channel);
    } catch (const std::bad_alloc&) {
        return std::unexpected(Errno(ENOMEM));
    }
    if (events != 0) {
        auto added = control(EPOLL_CTL_ADD, channel->fd_, events, number_of(channel->slot_));
        if (!added) {
            channels_.remove(channel->slot_);
            return std::unexpected(added.error());
        }
    }
    ++counters_.channels;
    return ChannelOwner(channel.release());
}

Result<ChannelOwner> EpollEngine::adopt(FileDescriptor fd, Role role) noexcept {
    if (auto set = sys::set_nonblocking(fd.fileno(), true); !set) return std::unexpected(set.error());
    std::unique_ptr<EpollChannel> channel(new (std::nothrow) EpollChannel(*this, fd.fileno(), use_of(role)));
    if (!channel) return std::unexpected(Errno(ENOMEM));
    channel->is_known_outside_ = true;
    auto family = sys::getsockopt_int(fd.fileno(), SOL_SOCKET, SO_DOMAIN);
    channel->is_unix_ = family && *family == AF_UNIX;
    channel->trusts_short_ = channel->is_unix_ ? sys::getsockopt_int(fd.fileno(), SOL_SOCKET, SO_TYPE) == SOCK_STREAM
                                               : family && (*family == AF_INET || *family == AF_INET6);
    if (role == Role::datagram) {
        channel->port_.reset(new (std::nothrow)
                                 EpollPort(*channel, datagrams_, fd.fileno(), Family(family.value_or(AF_UNSPEC))));
        if (!channel->port_) return std::unexpected(Errno(ENOMEM));
    }
    auto added = add(std::move(channel), role == Role::datagram ? port_events : socket_events);
    if (added) (void)fd.detach();
    return added;
}

Result<ChannelOwner> EpollEngine::watch(int fd) noexcept {
    std::unique_ptr<EpollChannel> channel(new (std::nothrow) EpollChannel(*this, fd, EpollChannel::Use::borrowed));
    if (!channel) return std::unexpected(Errno(ENOMEM));
    return add(std::move(channel), EPOLLONESHOT);  // armed anew for each wait
}

void EpollEngine::turn(bool wait, std::optional<TimePoint> deadline) noexcept {
    datagrams_.flush();
    std::array<epoll_event, events_a_turn> events;
    Timeout limit = Duration::zero();
    if (wait) {
        limit = std::nullopt;
        if (deadline) limit = *deadline > now() ? *deadline - now() : Duration::zero();
    }
    auto count = sys::epoll_wait(epoll_.fileno(), events, limit);
    if (!count) return;  // EINTR: whoever wanted the signal has it by now
    for (int i = 0; i < *count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.u64 == waker_key) {
            std::uint64_t wakes = 0;
            (void)sys::read(waker_.fileno(), std::as_writable_bytes(std::span(&wakes, 1)));
            continue;
        }
        auto number = event.data.u64;
        auto generation = static_cast<std::uint32_t>(number >> 32) & Slots<EpollChannel>::generation_mask;
        auto* channel = channels_.find(static_cast<std::uint32_t>(number), generation);
        if (channel) (number & of_receiver) ? channel->receiver_has_room() : channel->became_ready(event.events);
    }
}

void EpollEngine::wake() noexcept {
    std::uint64_t one = 1;
    (void)sys::write(waker_.fileno(), Bytes(std::as_bytes(std::span(&one, 1))));
}

}  // namespace bight::engine

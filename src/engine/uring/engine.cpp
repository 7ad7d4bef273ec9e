// SPDX-License-Identifier: BSL-1.0
#include "engine/uring/engine.h"

#include <bight/socket.h>

#include "engine/uring/channel.h"
#include "engine/uring/datagram.h"
#include "engine/uring/listener.h"
#include "engine/uring/stream.h"
#include "engine/uring/watch.h"
#include "sys/calls.h"

#include <cerrno>
#include <new>
#include <utility>

namespace bight::engine {
namespace {

constexpr std::uint64_t waker_number = UINT64_MAX - 1;
constexpr int most_tries = 1000;

// What the engine is built on; a kernel without any of it gets epoll.
constexpr std::uint8_t needed_operations[] = {
    IORING_OP_ACCEPT,  IORING_OP_ASYNC_CANCEL, IORING_OP_CLOSE,   IORING_OP_CONNECT, IORING_OP_POLL_ADD,
    IORING_OP_READ,    IORING_OP_RECV,         IORING_OP_RECVMSG, IORING_OP_SEND,    IORING_OP_SENDMSG,
    IORING_OP_SEND_ZC,  // not used: it came with the kernel that has multishot receive, which cannot be asked for
};

}  // namespace

// ---- Life. -------------------------------------------------------------------------------------------------------------

Result<std::unique_ptr<Engine>> UringEngine::open(RunQueue& ready) noexcept {
    auto ring = sys::Ring::open({});
    if (!ring) return std::unexpected(ring.error());
    auto operations = sys::supported_operations(**ring);
    if (!operations) return std::unexpected(operations.error());
    for (std::uint8_t operation : needed_operations)
        if ((*operations >> operation & 1) == 0) return std::unexpected(Errno(EINVAL));
    auto buffers = BufferPool::open(**ring);
    if (!buffers) return std::unexpected(buffers.error());
    auto waker = sys::eventfd();
    if (!waker) return std::unexpected(waker.error());
    FileDescriptor owned_waker(*waker);
    // The ring waits for it by reading, and would not wait for what is non-blocking.
    if (auto set = sys::set_nonblocking(*waker, false); !set) return std::unexpected(set.error());
    auto* engine = new (std::nothrow) UringEngine(ready, std::move(*ring), std::move(*buffers), std::move(owned_waker));
    if (!engine) return std::unexpected(Errno(ENOMEM));
    return std::unique_ptr<Engine>(engine);
}

UringEngine::UringEngine(RunQueue& ready, std::unique_ptr<sys::Ring> ring, BufferPool::Owner buffers,
                         FileDescriptor waker) noexcept
    : KernelEngine(ready), ring_(std::move(ring)), buffers_(std::move(buffers)), waker_(std::move(waker)) {
    arm_waker();
}

UringEngine::~UringEngine() {
    // What was dropped goes when the kernel has answered; and closing must be handed over, though nobody waits for it.
    while (open_channels_ > 0) turn(true, std::nullopt);
    for (int tries = 0; ring_->pending() > 0 && tries < most_tries; ++tries) turn(false, std::nullopt);
}

template <class Kind, class... More>
Result<ChannelOwner> UringEngine::add(int fd, More... more) noexcept {
    auto* channel = new (std::nothrow) Kind(*this, fd, more...);
    if (!channel) return std::unexpected(Errno(ENOMEM));
    try {
        channel->UringChannel::slot_ = channels_.add(*channel);
    } catch (const std::bad_alloc&) {
        delete channel;
        return std::unexpected(Errno(ENOMEM));
    }
    ++open_channels_;
    ++counters_.channels;
    return ChannelOwner(channel);
}

namespace {

/// The channel, if there is one, has the descriptor from now on.
Result<ChannelOwner> own(FileDescriptor& fd, Result<ChannelOwner> channel) noexcept {
    if (channel) (void)fd.detach();
    return channel;
}

}  // namespace

Result<ChannelOwner> UringEngine::adopt(FileDescriptor fd, Role role) noexcept {
    // The kernel does not wait for what is non-blocking: it would answer EAGAIN.
    if (auto set = sys::set_nonblocking(fd.fileno(), false); !set) return std::unexpected(set.error());
    switch (role) {
        case Role::stream: return own(fd, add<UringStream>(fd.fileno()));
        case Role::listener: return own(fd, add<UringListener>(fd.fileno()));
        case Role::datagram: {
            auto family = sys::getsockopt_int(fd.fileno(), SOL_SOCKET, SO_DOMAIN);
            return own(fd, add<UringDatagram>(fd.fileno(), Family(family.value_or(AF_UNSPEC))));
        }
    }
    return std::unexpected(Errno(EINVAL));
}

Result<ChannelOwner> UringEngine::add_accepted(FileDescriptor fd) noexcept {
    return own(fd, add<UringStream>(fd.fileno()));
}

Result<ChannelOwner> UringEngine::watch(int fd) noexcept { return add<UringWatch>(fd); }

// ---- Turns. ------------------------------------------------------------------------------------------------------------

void UringEngine::queue(Operation& operation) noexcept {
    operation.queued = true;
    ++counters_.completions;
    ready_.push(operation);
}

void UringEngine::turn(bool wait, std::optional<TimePoint> deadline) noexcept {
    if (!waker_armed_) arm_waker();
    buffers_->refill();
    datagrams_.flush();
    Timeout limit;
    if (wait && deadline) limit = *deadline > now() ? *deadline - now() : Duration::zero();
    (void)ring_->enter(wait, limit);  // whatever it says, what is there is good, and the rest is handed over next time
    answers_ = ring_->answers([this](const io_uring_cqe& cqe) { answer(cqe); });
}

void UringEngine::answer(const io_uring_cqe& cqe) noexcept {
    if (cqe.user_data >= waker_number) {
        if (cqe.user_data == waker_number) waker_armed_ = false;
        return;
    }
    auto number = cqe.user_data;
    auto* channel = channels_.find(static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 40));
    if (!channel) return;
    if (!(cqe.flags & IORING_CQE_F_MORE)) --channel->under_way_;
    channel->answered(static_cast<UringChannel::Request>(number >> 32 & 0xff), cqe.res, cqe.flags);
    channel->go_if_unknown();
}

void UringEngine::arm_waker() noexcept {
    io_uring_sqe* request = ring_->request();
    if (!request) return;
    request->opcode = IORING_OP_READ;
    request->fd = waker_.fileno();
    request->addr = reinterpret_cast<std::uint64_t>(&waker_count_);
    request->len = sizeof waker_count_;
    request->user_data = waker_number;
    waker_armed_ = true;
}

void UringEngine::wake() noexcept {
    std::uint64_t one = 1;
    (void)sys::write(waker_.fileno(), Bytes(std::as_bytes(std::span(&one, 1))));
}

}  // namespace bight::engine

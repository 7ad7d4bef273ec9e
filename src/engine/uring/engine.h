// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/kernel_engine.h"
#include "engine/slots.h"
#include "engine/uring/buffer_pool.h"
#include "sys/ring.h"

#include <cstdint>
#include <memory>

namespace bight::engine {

class UringChannel;

/// Completions: what is to be done is handed to io_uring(7) with the one call a turn that also waits. The kernel knows
/// a request by a slot's number, its generation and what it is, never by a pointer or a descriptor.
class UringEngine final : public KernelEngine {
public:
    /// EINVAL where the kernel has a ring but not all that is needed of it.
    static Result<std::unique_ptr<Engine>> open(RunQueue& ready) noexcept;

    UringEngine(RunQueue& ready, std::unique_ptr<sys::Ring> ring, BufferPool::Owner buffers,
                FileDescriptor waker) noexcept;
    ~UringEngine() override;

    std::string_view name() const noexcept override { return "uring"; }
    Result<ChannelOwner> adopt(FileDescriptor fd, Role role) noexcept override;
    Result<ChannelOwner> watch(int fd) noexcept override;
    void wake() noexcept override;

protected:
    void turn(bool wait, std::optional<TimePoint> deadline) noexcept override;
    bool is_in_use() const noexcept override { return open_channels_ > 0 || ring_->pending() > 0; }
    bool has_requests() const noexcept override { return ring_->pending() > 0; }
    bool wants_nonblocking() const noexcept override { return false; }

private:
    friend class UringChannel;
    friend class UringStream;
    friend class UringListener;
    friend class UringDatagram;
    friend class UringWatch;

    template <class Kind, class... More>
    Result<ChannelOwner> add(int fd, More... more) noexcept;

    Result<ChannelOwner> add_accepted(FileDescriptor fd) noexcept;
    void answer(const io_uring_cqe& cqe) noexcept;
    void arm_waker() noexcept;
    void queue(Operation& operation) noexcept;

    /// Whether little goes on: the last turn had one answer at most, and there is nothing to hand over.
    bool is_quiet() const noexcept { return answers_ <= 1 && ring_->pending() == 0; }

    std::unique_ptr<sys::Ring> ring_;
    BufferPool::Owner buffers_;
    FileDescriptor waker_;
    std::uint64_t waker_count_ = 0;
    bool waker_armed_ = false;
    Slots<UringChannel> channels_;
    Buffer received_;                  // what was read directly, until it is taken
    unsigned answers_ = 0;             // of the last turn
    std::uint64_t open_channels_ = 0;  // whose memory the kernel may still know
};

}  // namespace bight::engine

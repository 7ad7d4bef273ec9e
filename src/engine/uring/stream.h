// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/uring/channel.h"

namespace bight::engine {

/// A connection. One multishot receive stays with the kernel for as long as somebody reads; what comes while nobody
/// does waits here, and soon in the kernel: past a few buffers the receive is taken back.
///
/// Who sends more than a buffer holds would empty the pool, and hand out cold memory: once something comes behind a full
/// buffer that nobody has taken yet, and when no buffer is left, the kernel only tells that there is something, and it is
/// read into one hot block.
class UringStream final : public UringChannel {
public:
    UringStream(UringEngine& engine, int fd) noexcept : UringChannel(engine, fd) {}

    bool attempt(Operation& operation) noexcept override;
    void start(Operation& operation) noexcept override;
    bool proceed(Operation& operation) noexcept override;
    void cancel(Operation& operation) noexcept override;
    Buffer take(const Operation& operation) override;
    void receive_ahead(bool does) noexcept override;
    bool leaves_input() const noexcept override {
        return !receives_ahead_ && !armed_ && count_ == 0 && !ended_ && !has_unread();
    }
    bool at_end() const noexcept override { return ended_ && end_ == 0 && count_ == 0 && !has_unread(); }
    bool has_input() const noexcept override { return count_ > 0 || KernelChannel::has_input(); }
    void answered(Request request, int result, std::uint32_t flags) noexcept override;

private:
    void dropped() noexcept override;

    void arm_receive() noexcept;
    void ask_when_readable() noexcept;
    void wait_for_more() noexcept;
    void take_receive_back() noexcept;
    bool receive_directly(Operation& operation) noexcept;
    void received(int result, std::uint32_t flags) noexcept;
    void became_readable() noexcept;
    bool may_deliver(const Operation& operation) const noexcept {
        return count_ > 0 || ended_ || (readable_ && !armed_) || has_unread_for(operation);
    }
    void wake_reader() noexcept;
    bool deliver(Operation& operation) noexcept;
    void drop_front() noexcept;
    void consume_front(std::size_t size) noexcept;

    bool send_directly(Operation& operation) noexcept;
    void begin_sending(Operation& operation) noexcept;
    bool begin_sending_fds(Operation& operation) noexcept;
    void ask_to_send(Operation& operation) noexcept;
    void sent(int result) noexcept;
    void wait_for_room(Operation& operation) noexcept;
    void ask_when_writable() noexcept;
    void became_writable(int result, std::uint32_t flags) noexcept;
    void send_more(Operation& operation) noexcept;
    void connected(int result) noexcept;
    int connect_at_once(Operation& operation) noexcept;
    void written(std::int64_t result) noexcept;

    // Few bytes, for there may be very many of these.
    Request sending_ = Request::send;  // as what writing_ is with the kernel
    bool ended_ : 1 = false;           // end_ is what the next receive gives
    bool armed_ : 1 = false;           // a receive is with the kernel
    bool stopping_ : 1 = false;        // and was asked back
    bool polling_ : 1 = false;         // the kernel tells when there is something
    bool plenty_ : 1 = false;          // much comes at once: read directly
    bool readable_ : 1 = false;        // there may be something to read directly
    bool direct_ : 1 = false;          // what was delivered last was
    bool receives_ahead_ : 1 = true;
    bool half_closed_ : 1 = false;  // the peer has finished sending: a plain poll for room would tell that without end
    bool edges_ : 1 = false;        // a poll that tells each change once is with the kernel
    std::int16_t end_ = 0;          // 0, or an errno below zero
    Operation* reading_ = nullptr;
    Operation* writing_ = nullptr;  // with the kernel
    OperationList behind_writing_;

    // What was received and not taken: buffers of the pool, linked there.
    std::uint16_t first_ = BufferPool::none;
    std::uint16_t last_ = BufferPool::none;
    std::uint16_t count_ = 0;
    std::uint16_t offset_ = 0;  // of the first, what of it was taken
};

}  // namespace bight::engine

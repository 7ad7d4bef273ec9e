// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/operation_list.h"
#include "engine/uring/engine.h"

namespace bight::engine {

/// What the sockets of a UringEngine share: numbering requests, counting their answers, and going only after the last.
class UringChannel : public KernelChannel {
public:
    /// What a request was for. Of each there is at most one under way on a channel.
    enum class Request : std::uint8_t { receive, send, accept, connect, poll_in, poll_out, unanswered };

    static constexpr std::uint64_t nobody = UINT64_MAX;  // of requests whose answer is of no interest

    bool proceed(Operation&) noexcept override { return true; }
    void drop() noexcept override;

    /// The kernel's answer to one of its requests; `more` says that it is not the last.
    virtual void answered(Request request, int result, std::uint32_t flags) noexcept = 0;

protected:
    friend class UringEngine;

    UringChannel(UringEngine& engine, int fd) noexcept : KernelChannel(fd), engine_(engine) {}
    virtual ~UringChannel() = default;

    /// A request to fill, numbered and counted. Null where the kernel takes none.
    io_uring_sqe* request(Request what, std::uint8_t opcode) noexcept {
        io_uring_sqe* request = engine_.ring_->request();
        if (!request) return nullptr;
        request->opcode = opcode;
        request->fd = fd_;
        request->user_data = number(what);
        ++under_way_;
        return request;
    }

    /// Asks the kernel to end that request; it answers all the same.
    void cancel_request(Request what) noexcept;

    /// Has the loop complete it.
    void complete(Operation& operation) noexcept { engine_.queue(operation); }
    void end(Operation& operation, int errnum) noexcept {
        operation.finish(-errnum);
        complete(operation);
    }

    /// Ends a waiting operation because the channel goes: also one that is queued to be tried.
    void abandon(Operation* operation) noexcept;

    /// What waits and is not the kernel's ends with ECANCELED; requests are to be cancelled.
    virtual void dropped() noexcept = 0;
    virtual bool owns_descriptor() const noexcept { return true; }

    std::uint64_t number(Request what) const noexcept {
        return std::uint64_t{engine_.channels_.generation(slot_)} << 40 | static_cast<std::uint64_t>(what) << 32 |
               slot_;
    }
    bool is_dropped() const noexcept { return dropped_; }

private:
    void close_descriptor() noexcept;
    void go_if_unknown() noexcept {
        if (dropped_ && under_way_ == 0) [[unlikely]]
            go();
    }
    void go() noexcept;

    bool dropped_ = false;
    std::uint16_t under_way_ = 0;  // requests whose last answer has not come

protected:
    UringEngine& engine_;

private:
    std::uint32_t slot_ = 0;
};

}  // namespace bight::engine

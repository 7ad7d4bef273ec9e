// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/uring/channel.h"

#include <vector>

namespace bight::engine {

/// A listener. One multishot accept stays with the kernel while somebody accepts.
class UringListener final : public UringChannel {
public:
    UringListener(UringEngine& engine, int fd) noexcept : UringChannel(engine, fd) {}
    ~UringListener() override;

    bool attempt(Operation& operation) noexcept override;
    void start(Operation& operation) noexcept override;
    bool proceed(Operation& operation) noexcept override;
    void cancel(Operation& operation) noexcept override;
    AcceptedChannel take_accepted() override;
    void answered(Request request, int result, std::uint32_t flags) noexcept override;

private:
    void dropped() noexcept override;
    bool deliver(Operation& operation) noexcept;
    void wait_for_more() noexcept;
    void arm() noexcept;
    void ask_when_readable() noexcept;
    void close_accepted() noexcept;
    void wake() noexcept;

    Operation* accepting_ = nullptr;
    std::vector<int> accepted_;  // the last one first, from next_ on
    std::size_t next_ = 0;
    AcceptedChannel taken_;
    int error_ = 0;  // what ended the accept, told once
    bool armed_ = false;
    bool stopping_ = false;
    bool polling_ = false;
    bool nonblocking_ = false;  // the last accept was answered so
};

}  // namespace bight::engine

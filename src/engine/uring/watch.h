// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/uring/channel.h"

namespace bight::engine {

/// A descriptor of somebody else's: tells when it is readable or writable, once for each time it is asked.
class UringWatch final : public UringChannel {
public:
    UringWatch(UringEngine& engine, int fd) noexcept : UringChannel(engine, fd) {}

    bool attempt(Operation& operation) noexcept override;
    void start(Operation& operation) noexcept override;
    void cancel(Operation& operation) noexcept override;
    void answered(Request request, int result, std::uint32_t flags) noexcept override;

private:
    void dropped() noexcept override;
    bool owns_descriptor() const noexcept override { return false; }
    bool ask(Request what, bool tells_changes) noexcept;
    Operation*& place(const Operation& operation) noexcept {
        return operation.verb == Verb::writable ? writing_ : reading_;
    }

    Operation* reading_ = nullptr;
    Operation* writing_ = nullptr;
    bool is_writable_ = false;  // a poll that tells changes has said so, and is taken back
};

}  // namespace bight::engine

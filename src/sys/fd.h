// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>

#include "sys/calls.h"

#include <utility>

namespace bight::sys {

/// A descriptor that is ours to close, and is closed once.
class Fd {
public:
    Fd() noexcept = default;
    explicit Fd(int fd) noexcept : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        Fd(std::move(other)).swap(*this);
        return *this;
    }
    ~Fd() {
        if (fd_ >= 0) (void)sys::close(fd_);
    }

    int get() const noexcept { return fd_; }
    bool is_open() const noexcept { return fd_ >= 0; }
    int release() noexcept { return std::exchange(fd_, -1); }
    void swap(Fd& other) noexcept { std::swap(fd_, other.fd_); }

    /// Closes; whatever the answer, the descriptor is gone (close(2): EINTR too), so there is no second try.
    Result<void> close() noexcept { return sys::close(release()); }

private:
    int fd_ = -1;
};

}  // namespace bight::sys

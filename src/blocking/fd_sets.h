// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "sys/calls.h"

namespace bight {

/// An fd_set that refuses what would be written past its end. See select(2).
class FdSet {
public:
    FdSet() noexcept { FD_ZERO(&bits_); }

    /// Raises ValueError for a negative descriptor, and for one of FD_SETSIZE or above.
    void add(int fd);
    void remove(int fd) noexcept { FD_CLR(fd, &bits_); }
    bool has(int fd) const noexcept { return FD_ISSET(fd, &bits_); }
    fd_set* get() noexcept { return &bits_; }

private:
    fd_set bits_;
};

}  // namespace bight

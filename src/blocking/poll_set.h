// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "sys/calls.h"

#include <cstddef>
#include <span>
#include <unordered_map>
#include <vector>

namespace bight {

/// What poll(2) is to look at, in order of registration.
class PollSet {
public:
    /// Adds a descriptor, or changes its events where it stands.
    void set(int fd, short events);

    /// False if it is not there.
    bool change(int fd, short events) noexcept;
    bool remove(int fd) noexcept;

    /// What was given to poll(2) last. A negative descriptor in it is a gap.
    std::span<pollfd> row() noexcept { return row_; }

    /// The array for poll(2), which leaves gaps alone but counts them against RLIMIT_NOFILE.
    std::span<pollfd> without_gaps() noexcept {
        if (row_.size() != places_.size()) close_gaps();
        return row_;
    }

private:
    void close_gaps() noexcept;

    std::vector<pollfd> row_;
    std::unordered_map<int, std::size_t> places_;  // by descriptor: where it stands in the row
};

}  // namespace bight

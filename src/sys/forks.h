// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>

namespace bight::sys {

/// Which process made the thing that this stands in: a child of fork(2) has a copy of it, and is told so. Not of vfork(2)
/// and _Fork(3), whose children may do next to nothing.
class Birthplace {
public:
    Birthplace() noexcept;

    bool is_here() const noexcept { return generation_ == generation.load(std::memory_order_relaxed); }

private:
    static void forked() noexcept;
    static std::atomic<unsigned> generation;  // one more in each child

    unsigned generation_;
};

}  // namespace bight::sys

// SPDX-License-Identifier: BSL-1.0
#include "sys/forks.h"

#include <pthread.h>

namespace bight::sys {

constinit std::atomic<unsigned> Birthplace::generation{0};

void Birthplace::forked() noexcept { generation.fetch_add(1, std::memory_order_relaxed); }

Birthplace::Birthplace() noexcept {
    static const int watched = ::pthread_atfork(nullptr, nullptr, [] { forked(); });
    (void)watched;  // without memory for it no child is told
    generation_ = generation.load(std::memory_order_relaxed);
}

}  // namespace bight::sys

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/engine.h"

#include <string>

namespace bight::engine {

enum class Choice : std::uint8_t { automatic, uring, epoll };

struct Chosen {
    std::unique_ptr<Engine> engine;
    std::string reason;
};

/// io_uring where the kernel offers what is needed of it, else epoll, and why. Refused is what only means that it is not
/// offered; for want of memory or descriptors nothing else is tried. BIGHT_ENGINE in the environment decides where
/// `choice` does not; ValueError for one that is no engine.
/// Raises OSError.
Chosen choose(Choice choice, RunQueue& ready);

}  // namespace bight::engine

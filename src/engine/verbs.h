// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/engine.h"

namespace bight::engine {

/// Whether it waits for what comes in: a channel has one such operation at a time, and others that go out.
inline bool reads(const Operation& operation) noexcept {
    switch (operation.verb) {
        case Verb::receive:
        case Verb::receive_more:
        case Verb::receive_into:
        case Verb::receive_fds:
        case Verb::receive_from:
        case Verb::receive_train:
        case Verb::accept:
        case Verb::readable: return true;
        default: return false;
    }
}

/// A send that finds room again and again, for its peer reads meanwhile, gives way to others after so many calls.
inline constexpr int most_sends_in_a_row = 8;

}  // namespace bight::engine

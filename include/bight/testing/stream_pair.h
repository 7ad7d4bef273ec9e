// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/stream.h>

namespace bight::testing {

struct StreamPair {
    Stream a;
    Stream b;
};

/// Two streams that are connected with each other, of the loop that runs: in memory within a simulation, elsewhere as
/// socketpair(2) makes them. Raises RuntimeError where no loop runs, OSError.
StreamPair stream_pair();

}  // namespace bight::testing

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/socketserver/limits.h>

#include "sys/processes.h"

#include <algorithm>

namespace bight::socketserver {

/// Fills in what was left unset.
inline void complete_limits(ConnectionLimits& limits) {
    if (!limits.max_connections) limits.max_connections = sys::descriptor_limit() / 5 * 4;
    if (limits.max_per_peer) return;
    bool counts = limits.max_connections != ConnectionLimits::unlimited;
    limits.max_per_peer = counts ? std::max<std::size_t>(*limits.max_connections / 8, 1) : *limits.max_connections;
}

}  // namespace bight::socketserver

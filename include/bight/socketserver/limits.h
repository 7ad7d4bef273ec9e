// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/time.h>

#include <chrono>
#include <cstddef>
#include <optional>

namespace bight::socketserver {

// ---- What Pool and Prefork servers let a client take. ------------------------------------------------------------------

/// What becomes of a request that finds the queue full.
enum class WhenFull {
    wait,    // it waits, and those behind it wait in the kernel's queue
    refuse,  // it is shut down
    shed,    // the one that has waited longest is shut down, and this one takes its place
};

/// What a client may take. Of datagrams none of it holds.
struct ConnectionLimits {
    static constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

    std::optional<std::size_t> max_connections{};  // accepted and not ended; unset: 0.8 x the limit of descriptors
    std::optional<std::size_t> max_per_peer{};     // from one host; unset: an eighth of that. Not of loopback and Unix
    Timeout idle = std::chrono::seconds(120);      // for each call of the handler on its connection, and in the queue
    Timeout lifetime{};                            // from accept(2) on; kept to within serve_forever()'s poll_interval

    // Where a handler says what a message is, by StreamRequestHandler::read_message(). Bytes that trickle in begin none of
    // these anew.
    Timeout first_message = std::chrono::seconds(30);  // from accept(2) to the end of the first message
    std::size_t least_rate = 100;                      // bytes a second of a message that has begun; 0: none
    Duration rate_grace = std::chrono::seconds(10);    // from its first byte on, in which no rate is asked for

    /// For benchmarks, and for servers behind another that limits.
    static ConnectionLimits none() { return {unlimited, unlimited, std::nullopt, std::nullopt, std::nullopt, 0}; }
};

}  // namespace bight::socketserver

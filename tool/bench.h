// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/loop.h>
#include <bight/time.h>

#include <cstddef>
#include <optional>
#include <string>

namespace bight::tool {

struct BenchOptions {
    std::string where;             // an endpoint with an echo service
    std::size_t connections = 50;  // of datagrams: ports
    std::size_t size = 64;         // of a request, in bytes
    std::size_t depth = 1;         // requests that are under way at once, of a connection
    Duration time = std::chrono::seconds(10);
    std::optional<std::size_t> rate;  // requests a second, of all connections; unset: as fast as the answers come
    asyncio::EngineChoice engine = asyncio::EngineChoice::automatic;
    bool json = false;
};

/// `bight bench`. Returns the exit code.
int run_bench(const BenchOptions& options);

}  // namespace bight::tool

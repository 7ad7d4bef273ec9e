// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/time.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace bight::tool {

struct RecvOptions {
    std::string into;
    std::string listen = "tcp:127.0.0.1:0";
    std::uint64_t max_size = std::uint64_t{1} << 30;
    std::size_t max_files = 1000;
    bool overwrite = false;
    bool once = false;  // one connection
    bool json = false;
    Timeout timeout = std::chrono::seconds(30);  // for silence
};

/// `bight recv`. Returns the exit code; raises what cannot be used.
int run_recv(const RecvOptions& options);

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/time.h>

#include <chrono>
#include <string>
#include <vector>

namespace bight::tool {

struct SendOptions {
    std::vector<std::string> words;  // the files, and the endpoint behind them
    bool resume = true;
    bool json = false;
    Timeout timeout = std::chrono::seconds(60);  // to connect, and for silence
};

/// `bight send`. Returns the exit code; raises what cannot be used.
int run_send(const SendOptions& options);

}  // namespace bight::tool

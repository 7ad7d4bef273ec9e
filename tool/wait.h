// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/time.h>

#include <string>
#include <vector>

namespace bight::tool {

struct WaitOptions {
    std::vector<std::string> where;  // endpoints
    Timeout timeout;                 // for all of them together
    bool json = false;
    std::vector<std::string> command;  // run in the place of this process; empty: none
};

/// `bight wait`. Returns the exit code, or becomes the command.
int run_wait(const WaitOptions& options);

}  // namespace bight::tool

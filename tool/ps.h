// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vector>

namespace bight::tool {

struct PsOptions {
    std::vector<int> pids;
};

/// `bight ps`. Returns the exit code.
int run_ps(const PsOptions& options);

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace bight::tool {

struct ResolveOptions {
    std::string name;
    std::string service;
    bool ipv4 = false;
    bool ipv6 = false;
    bool reverse = false;  // from an address to its names
    bool json = false;
};

/// `bight resolve`. Returns the exit code; raises GaiError for what is unknown.
int run_resolve(const ResolveOptions& options);

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/time.h>

#include <string>
#include <vector>

namespace bight::tool {

struct NcOptions {
    bool listen = false;
    bool keep = false;  // one connection after the other
    bool udp = false;
    bool unix_socket = false;
    Timeout timeout;                 // unset: none; a second for the answers to datagrams
    std::vector<std::string> where;  // HOST PORT, or an ENDPOINT
};

/// `bight nc`. Returns the exit code; raises what cannot be used.
int run_nc(const NcOptions& options);

}  // namespace bight::tool

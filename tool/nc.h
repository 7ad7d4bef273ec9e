// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/time.h>

#include <optional>
#include <string>
#include <vector>

namespace bight::tool {

struct NcOptions {
    bool listen = false;
    bool keep = false;  // one connection after the other
    bool udp = false;
    bool unix_socket = false;
    Timeout timeout;       // unset: none; a second for the answers to datagrams
    std::string hex_dump;  // a file for all the traffic; empty for none
    std::optional<std::string> source;
    std::optional<int> source_port;
    std::optional<std::string> interface;  // of a group, by name or address
    std::optional<int> ttl;                // of what is sent to a group
    bool no_loop = false;
    int proxy_protocol = 0;          // 1 or 2: says who it is in front of the connection
    std::vector<std::string> where;  // HOST PORT, or an ENDPOINT
};

/// `bight nc`. Returns the exit code; raises what cannot be used.
int run_nc(const NcOptions& options);

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/family.h>

#include <string>

namespace bight::socket {

/// One way to reach a host, of getaddrinfo(3).
struct AddrInfo {
    Family family;
    Kind kind;
    int proto = 0;
    std::string canonname;  // on the first only, with AI_CANONNAME
    Address address;
};

/// Filters of getaddrinfo: 0 is any.
struct AddrInfoOptions {
    Family family{};
    Kind kind{};
    int proto = 0;
    int flags = 0;  // AI_… of <netdb.h>
};

}  // namespace bight::socket

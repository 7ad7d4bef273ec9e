// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/addrinfo.h>

#include <expected>
#include <vector>

#include <netdb.h>

namespace bight::sys {

/// Why the resolver failed: its own code, and the errno where that code is EAI_SYSTEM.
struct ResolveError {
    int code;
    int errnum;
};

/// getaddrinfo(3): waits for the system's resolver. `host` and `service` may be null.
std::expected<std::vector<socket::AddrInfo>, ResolveError> resolve(const char* host, const char* service,
                                                                   const socket::AddrInfoOptions& options);

}  // namespace bight::sys

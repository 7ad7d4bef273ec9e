// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>

#include <string_view>

namespace bight {

/// Raises OverflowError, in Python's words, for what is no port.
inline void require_port(int port) {
    if (port < 0 || port > 65535) throw OverflowError("port must be 0-65535.");
}

/// Raises ValueError for a host that no resolver should see: with a NUL, longer than the 253 characters of RFC 1035, or
/// with a label that is empty or longer than its 63. It is never cut short.
void require_host(std::string_view host);

/// Raises ValueError for a host whose last label is a number: no name ends so (RFC 1123, 2.1). It is meant as an address,
/// and resolvers read what is none in ways of their own: "0177.1" as 127.0.0.1.
void require_name(std::string_view host);

}  // namespace bight

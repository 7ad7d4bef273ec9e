// SPDX-License-Identifier: BSL-1.0
/// Names, without keeping the loop waiting.
#pragma once

#include <bight/address.h>
#include <bight/addrinfo.h>
#include <bight/asyncio/task.h>
#include <bight/netdb.h>
#include <bight/resolver.h>

#include <optional>
#include <string>
#include <vector>

namespace bight::asyncio {

/// socket::getaddrinfo() in a thread of the loop's resolver. Cancelled, it lets go of the look-up at once.
Task<std::vector<socket::AddrInfo>> getaddrinfo(std::optional<std::string> host, socket::Service service = {},
                                                socket::AddrInfoOptions options = {});

/// socket::getnameinfo(), in a thread.
Task<socket::NameInfo> getnameinfo(Address address, int flags = 0);

}  // namespace bight::asyncio

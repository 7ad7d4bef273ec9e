// SPDX-License-Identifier: BSL-1.0
#include "sys/resolve.h"

#include "sys/seam.h"

#include <cerrno>
#include <memory>

namespace bight::sys {

std::expected<std::vector<socket::AddrInfo>, ResolveError> resolve(const char* host, const char* service,
                                                                   const socket::AddrInfoOptions& options) {
    if constexpr (seam::built)
        if (Fault fault = seam::consult(Call::getaddrinfo); fault.errnum != 0)
            return std::unexpected(fault.errnum < 0 ? ResolveError{fault.errnum, 0}
                                                    : ResolveError{EAI_SYSTEM, fault.errnum});
    addrinfo hints{};
    hints.ai_family = options.family.value;
    hints.ai_socktype = options.kind.value;
    hints.ai_protocol = options.proto;
    hints.ai_flags = options.flags;
    addrinfo* first = nullptr;
    if (int code = ::getaddrinfo(host, service, &hints, &first); code != 0)
        return std::unexpected(ResolveError{code, code == EAI_SYSTEM ? errno : 0});
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(first, ::freeaddrinfo);
    std::vector<socket::AddrInfo> found;
    for (const addrinfo* info = first; info; info = info->ai_next)
        found.push_back(
            {info->ai_family, info->ai_socktype, info->ai_protocol, info->ai_canonname ? info->ai_canonname : "",
             Address::from_sockaddr({reinterpret_cast<const std::byte*>(info->ai_addr), info->ai_addrlen})});
    return found;
}

}  // namespace bight::sys

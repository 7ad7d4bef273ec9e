// SPDX-License-Identifier: BSL-1.0
#include "sys/interface_calls.h"

#include "sys/checked.h"
#include "values/sockaddr_layout.h"

#include <cstring>
#include <memory>

#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>

namespace bight::sys {

Result<int> interface_with(const Address& address) noexcept {
    ifaddrs* first = nullptr;
    if (auto asked = checked_void(Call::if_nameindex, [&] { return ::getifaddrs(&first); }); !asked)
        return std::unexpected(asked.error());
    std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, ::freeifaddrs);
    bool v4 = address.family() == Family::inet;
    Bytes wanted = address.sockaddr().slice(v4 ? layout::inet_host : layout::inet6_host, v4 ? 4 : 16);
    for (const ifaddrs* entry = first; entry; entry = entry->ifa_next) {
        if (!entry->ifa_addr || entry->ifa_addr->sa_family != address.family().value) continue;
        const auto* bytes = reinterpret_cast<const std::byte*>(entry->ifa_addr);
        if (std::memcmp(bytes + (v4 ? layout::inet_host : layout::inet6_host), wanted.data(), wanted.size()) == 0)
            return static_cast<int>(::if_nametoindex(entry->ifa_name));
    }
    return failed(EADDRNOTAVAIL);
}

}  // namespace bight::sys

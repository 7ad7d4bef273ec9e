// SPDX-License-Identifier: BSL-1.0
#include "values/ip_text.h"

#include <bight/ipaddress.h>

#include <cstdint>
#include <string>

namespace bight::ipaddress {

std::optional<IPAddress> host_of(const bight::Address& address) {
    if (address.family() != Family::inet && address.family() != Family::inet6) return std::nullopt;
    return IPAddress::parse(address.host());
}

bight::Address socket_address(const IPAddress& host, int port) {
    if (host.version() == 4) return bight::Address::ip(host.to_string(), port);
    const auto& zone = host.v6().scope_id();
    std::uint32_t scope_id = 0;
    if (!zone.empty()) {
        auto number = ip_text::parse_number(zone.view(), UINT32_MAX);
        if (!number) throw ValueError("the zone of " + host.to_string() + " is no number of an interface");
        scope_id = *number;
    }
    return bight::Address::inet6(IPv6Address(host.to_int()).to_string(), port, 0, scope_id);
}

}  // namespace bight::ipaddress

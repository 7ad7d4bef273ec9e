// SPDX-License-Identifier: BSL-1.0
#include "values/ipaddress/registry_rows.h"

namespace bight::ipaddress {

std::span<const RegistryRow> registry() noexcept { return {detail::registry_rows, detail::registry_row_count}; }

const RegistryRow* classify(const IPAddress& address) noexcept {
    const RegistryRow* smallest = nullptr;
    for (const auto& row : registry())
        if (row.network.contains(address) &&
            (smallest == nullptr || row.network.prefixlen() > smallest->network.prefixlen()))
            smallest = &row;
    return smallest;
}

}  // namespace bight::ipaddress

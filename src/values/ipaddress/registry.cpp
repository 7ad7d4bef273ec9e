// SPDX-License-Identifier: BSL-1.0
#include "values/ipaddress/registry_rows.h"

namespace bight::ipaddress {

std::span<const RegistryRow> registry() noexcept { return {detail::registry_rows, detail::registry_row_count}; }

namespace {

template <class Holds>
const RegistryRow* smallest_that(const Holds& holds) noexcept {
    const RegistryRow* smallest = nullptr;
    for (const auto& row : registry())
        if (holds(row.network) && (smallest == nullptr || row.network.prefixlen() > smallest->network.prefixlen()))
            smallest = &row;
    return smallest;
}

}  // namespace

const RegistryRow* classify(const IPAddress& address) noexcept {
    return smallest_that([&](const IPNetwork& block) { return block.contains(address); });
}

const RegistryRow* classify(const IPNetwork& network) noexcept {
    return smallest_that(
        [&](const IPNetwork& block) { return block.version() == network.version() && network.subnet_of(block); });
}

}  // namespace bight::ipaddress

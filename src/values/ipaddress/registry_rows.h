// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/ipaddress.h>

#include <cstddef>

namespace bight::ipaddress::detail {

extern const RegistryRow registry_rows[];
extern const std::size_t registry_row_count;

}  // namespace bight::ipaddress::detail

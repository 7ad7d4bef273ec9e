// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>

#include <string>
#include <string_view>
#include <vector>

/// The network interfaces of this machine. See if_nameindex(3).
namespace bight::socket {

struct Interface {
    int index;
    std::string name;

    friend bool operator==(const Interface&, const Interface&) = default;
};

std::vector<Interface> if_nameindex();

/// Raises OSError where there is no such interface, ValueError for a NUL.
int if_nametoindex(std::string_view name);

/// Raises OSError (ENXIO) where there is no such interface, OverflowError for a negative number.
std::string if_indextoname(int index);

}  // namespace bight::socket

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace bight::ipaddress {

/// What is wrong with a text that is no address of that version.
std::string fault_of_address(int version, std::string_view text);

struct Fault {
    std::string message;
    bool of_netmask;
};

/// What is wrong with a text that is no network of that version.
Fault fault_of_network(int version, std::string_view text);

}  // namespace bight::ipaddress

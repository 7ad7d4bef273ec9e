// SPDX-License-Identifier: BSL-1.0
// expect: deleted (member )?function
#include <bight/ipaddress.h>

using namespace bight::literals;

// Always false in Python; whoever writes it means subnet_of.
static_assert("10.1.0.0/16"_net.subnet_of("10.0.0.0/8"_net));
static_assert("10.0.0.0/8"_net.contains("10.1.0.0/16"_net));  // misuse

int main() {}

// SPDX-License-Identifier: BSL-1.0
// expect: raise_host_bits
#include <bight/ipaddress.h>

using namespace bight::literals;

constexpr auto good = "10.0.0.0/8"_net;
constexpr auto host_bits = "10.0.0.1/8"_net;  // misuse
constexpr auto too_long = "10.0.0.0/33"_net;  // misuse

int main() {}

// SPDX-License-Identifier: BSL-1.0
// expect: raise_not_an_ip
#include <bight/ipaddress.h>

using namespace bight::literals;

constexpr auto good = "10.1.2.3"_ip;
constexpr auto octal = "10.1.2.03"_ip;  // misuse
constexpr auto name = "localhost"_ip;   // misuse
constexpr auto group = "1::2::3"_ip;    // misuse

int main() {}

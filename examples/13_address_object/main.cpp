// SPDX-License-Identifier: BSL-1.0
// An address as an object, made from text, a number or bytes; and as a literal, which the compiler checks.

#include <bight/ipaddress.h>

#include <iostream>

using namespace bight;
using namespace bight::literals;

constexpr auto here = "127.0.0.1"_ip;
static_assert(here.is_loopback() && here.is_private());
static_assert(here + 1 == "127.0.0.2"_ip);
// "127.0.0.256"_ip does not compile.

void show(const ipaddress::IPAddress& address) {
    std::cout << address << '\n'
              << "  version  " << address.version() << '\n'
              << "  private  " << (address.is_private() ? "yes" : "no") << '\n'
              << "  packed   " << address.format("x") << '\n'
              << "  number   " << ipaddress::Count(address.to_int()) << '\n'
              << "  reversed " << address.reverse_pointer() << '\n';
}

int main() {
    auto address = ipaddress::ip_address("61.135.169.125");
    show(address);
    std::cout << "the same from a number: " << ipaddress::ip_address(1032300925) << '\n'
              << "the same from bytes:    " << ipaddress::IPAddress::from_packed("\x3d\x87\xa9\x7d") << '\n';
    show(here);
    show("fe80::1"_ip);
    try {
        ipaddress::IPv4Address("61.135.169.1250");
    } catch (const ValueError& error) {
        std::cout << error.what() << '\n';
    }
}

// SPDX-License-Identifier: BSL-1.0
// From a socket's address to names of host and service, or to numbers, as the flags say.

#include <bight/netdb.h>

#include <iostream>
#include <string_view>

#include <netdb.h>

using namespace bight;

void show(const Address& address, std::string_view how, int flags) {
    std::cout << address << ' ' << how << ": ";
    try {
        auto [host, service] = socket::getnameinfo(address, flags);
        std::cout << host << ", " << service << '\n';
    } catch (const GaiError& error) {
        std::cout << error.what() << '\n';
    }
}

int main(int argc, char** argv) try {
    const auto known = Address::ip(argc > 1 ? argv[1] : "127.0.0.1", 80);
    const auto unknown = Address::ip("192.0.2.255", 54321);
    show(known, "by names", 0);
    show(known, "by numbers", NI_NUMERICHOST | NI_NUMERICSERV);
    show(known, "with a numeric service", NI_NUMERICSERV);
    show(unknown, "by names, where there are none", 0);
    show(unknown, "by names or not at all", NI_NAMEREQD);
    show(known.with_port(512), "as a stream", NI_NUMERICHOST);
    show(known.with_port(512), "as a datagram", NI_NUMERICHOST | NI_DGRAM);
} catch (const ValueError& error) {
    std::cout << error.what() << '\n';
}

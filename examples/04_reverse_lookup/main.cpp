// SPDX-License-Identifier: BSL-1.0
// From an address to its names, for IPv4 and IPv6. An address without a name raises HError, a name without an address
// GaiError.

#include <bight/netdb.h>

#include <iostream>
#include <string>
#include <vector>

using namespace bight;

int main(int argc, char** argv) {
    std::vector<std::string> hosts(argv + 1, argv + argc);
    if (hosts.empty()) hosts = {"127.0.0.1", "::1", "192.0.2.255"};
    for (auto& host : hosts) {
        try {
            auto [name, aliases, addresses] = socket::gethostbyaddr(host);
            std::cout << host << " is " << name << '\n';
            for (auto& alias : aliases) std::cout << "  also known as " << alias << '\n';
            for (auto& address : addresses) std::cout << "  at " << address << '\n';
        } catch (const HError&) {
            std::cout << host << " has no name\n";
        } catch (const GaiError&) {
            std::cout << host << " is no address, nor the name of one\n";
        }
    }
}

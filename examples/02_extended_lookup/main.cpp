// SPDX-License-Identifier: BSL-1.0
// All that is known of a host: the canonical name, the other names, and its IPv4 addresses. Either list may be empty.

#include <bight/netdb.h>

#include <iostream>
#include <string>
#include <vector>

using namespace bight;

int main(int argc, char** argv) {
    std::vector<std::string> hosts(argv + 1, argv + argc);
    if (hosts.empty()) hosts = {"localhost", "127.0.0.1"};
    for (auto& host : hosts) {
        try {
            auto [name, aliases, addresses] = socket::gethostbyname_ex(host);
            std::cout << host << " is " << name << '\n';
            for (auto& alias : aliases) std::cout << "  also known as " << alias << '\n';
            for (auto& address : addresses) std::cout << "  at " << address << '\n';
        } catch (const GaiError& error) {
            std::cout << error.what() << '\n';
        }
    }
}

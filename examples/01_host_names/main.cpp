// SPDX-License-Identifier: BSL-1.0
// The name of this machine, and the IPv4 address of each name given. A name that nobody knows is an error that says so,
// with its number; the loop goes on.

#include <bight/netdb.h>

#include <iostream>
#include <string>
#include <vector>

using namespace bight;

int main(int argc, char** argv) {
    std::cout << "this machine is " << socket::gethostname() << '\n';
    std::vector<std::string> hosts(argv + 1, argv + argc);
    if (hosts.empty()) hosts = {socket::gethostname(), "localhost", "127.0.0.1", "nobody.invalid"};
    for (auto& host : hosts) {
        try {
            auto address = socket::gethostbyname(host);
            std::cout << host << " is " << address << '\n';
        } catch (const GaiError& error) {
            std::cout << error.what() << " (" << error.errnum() << ")\n";
        }
    }
}

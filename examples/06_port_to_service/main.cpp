// SPDX-License-Identifier: BSL-1.0
// The service of a port, as the beginning of a URL. Ports that the services file does not name are an error: 666 was
// doom's, and few files still say so.

#include <bight/netdb.h>

#include <iostream>

using namespace bight;

int main() {
    for (int port : {80, 443, 21, 70, 25, 143, 993, 110, 995, 666}) {
        try {
            std::cout << socket::getservbyport(port) << "://example.org/\n";
        } catch (const OSError& error) {
            std::cout << "port " << port << ": " << error.what() << '\n';
        }
    }
    std::cout << "port 53 over udp is " << socket::getservbyport(53, "udp") << '\n';
    try {
        socket::getservbyport(65536);
    } catch (const OverflowError& error) {
        std::cout << error.what() << '\n';
    }
}

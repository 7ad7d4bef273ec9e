// SPDX-License-Identifier: BSL-1.0
// Hears what is broadcast to a port, and answers whoever sent it.

#include <bight/socket.h>

#include <iostream>
#include <string>

using namespace bight;

int main(int argc, char** argv) {
    Socket port(AF_INET, SOCK_DGRAM);
    port.bind({"", argc > 1 ? std::stoi(argv[1]) : 0});
    std::cout << "listening on " << port.getsockname() << std::endl;
    while (true) {
        auto [data, sender] = port.recvfrom(1024);
        std::cout << sender << " called: " << data << std::endl;
        port.sendto("I am here", sender);
    }
}

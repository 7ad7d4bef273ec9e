// SPDX-License-Identifier: BSL-1.0
// The timestamp server without connections: no listen, no accept; each datagram says where its answer goes.

#include <bight/bight.h>

#include <ctime>
#include <iostream>
#include <string>

using namespace bight;

std::string timestamp() {
    const auto now = std::time(nullptr);
    return std::string(std::ctime(&now), 24);  // without its newline
}

int main(int argc, char** argv) {
    Socket server(Family::inet, Kind::datagram);
    server.bind({"127.0.0.1", argc > 1 ? std::stoi(argv[1]) : 0});
    std::cout << "listening on " << server.getsockname() << std::endl;
    while (true) {
        auto [data, peer] = server.recvfrom(1024);
        std::cout << data.size() << " bytes from " << peer << std::endl;
        server.sendto("[" + timestamp() + "] " + data.to_string(), peer);
    }
}

// SPDX-License-Identifier: BSL-1.0
// Asks what time it is with each line that is typed, one datagram each, and quits on an empty line.

#include <bight/bight.h>

#include <iostream>
#include <string>

using namespace bight;

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: client HOST PORT\n";
        return 2;
    }
    const HostPort server(argv[1], std::stoi(argv[2]));
    Socket client(Family::inet, Kind::datagram);
    for (std::string line; std::getline(std::cin, line) && !line.empty();) {
        client.sendto(line, server);
        std::cout << client.recvfrom(1024).data << std::endl;
    }
}

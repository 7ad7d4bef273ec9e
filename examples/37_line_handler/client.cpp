// SPDX-License-Identifier: BSL-1.0
// Sends each line that is typed over a connection of its own, or as a datagram, and prints the line that comes back.

#include <bight/bight.h>

#include <iostream>
#include <string>

using namespace bight;

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: client HOST PORT [udp]\n";
        return 2;
    }
    const HostPort server(argv[1], std::stoi(argv[2]));
    const bool udp = argc > 3 && argv[3] == std::string_view("udp");
    for (std::string line; std::getline(std::cin, line) && !line.empty();) {
        Socket connection(Family::inet, udp ? Kind::datagram : Kind::stream);
        connection.connect(server);
        connection.sendall(line + "\r\n");
        auto answer = connection.makefile(socket::rb).readline().to_string();
        std::cout << answer.substr(0, answer.find_last_not_of("\r\n") + 1) << std::endl;
    }
}

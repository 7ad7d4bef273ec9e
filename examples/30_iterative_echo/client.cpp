// SPDX-License-Identifier: BSL-1.0
// Sends each line that is typed and prints the answer, until an empty line.

#include <bight/bight.h>

#include <iostream>
#include <string>

using namespace bight;

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: client HOST PORT\n";
        return 2;
    }
    auto connection = socket::create_connection({argv[1], std::stoi(argv[2])});
    for (std::string line; std::getline(std::cin, line) && !line.empty();) {
        connection.sendall(line);
        auto answer = connection.recv(1024);
        if (!answer) break;
        std::cout << answer << std::endl;
    }
}

// SPDX-License-Identifier: BSL-1.0
// Prints what the server says until it has finished.

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
    while (auto data = connection.recv(1024)) std::cout << data;
}

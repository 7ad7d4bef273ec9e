// SPDX-License-Identifier: BSL-1.0
// The smallest client: connect, print, done.

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
    std::cout << connection.recv(1024) << std::endl;
}

// SPDX-License-Identifier: BSL-1.0
// Sends three numbered messages, with a pause after each if one is asked for, and prints the answers.

#include <bight/bight.h>

#include <chrono>
#include <iostream>
#include <string>
#include <thread>

using namespace bight;

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: client HOST PORT [SECONDS]\n";
        return 2;
    }
    const std::chrono::duration<double> pause(argc > 3 ? std::stod(argv[3]) : 0);
    auto connection = socket::create_connection({argv[1], std::stoi(argv[2])});
    for (int i = 1; i <= 3; ++i) {
        connection.sendall("number " + std::to_string(i));
        std::cout << connection.recv(1024) << std::endl;
        std::this_thread::sleep_for(pause);
    }
}

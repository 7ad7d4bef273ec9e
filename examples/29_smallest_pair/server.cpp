// SPDX-License-Identifier: BSL-1.0
// The smallest server: thank each client for coming, and say goodbye. create_server() reuses the address, so that it
// can be stopped and started again at once on the same port.

#include <bight/bight.h>

#include <iostream>
#include <string>

using namespace bight;

int main(int argc, char** argv) {
    auto listener = socket::create_server({"127.0.0.1", argc > 1 ? std::stoi(argv[1]) : 0});
    std::cout << "listening on " << listener.getsockname() << std::endl;
    while (true) {
        auto [client, peer] = listener.accept();
        std::cout << "connected from " << peer << std::endl;
        client.sendall("thanks for dropping in");
    }
}

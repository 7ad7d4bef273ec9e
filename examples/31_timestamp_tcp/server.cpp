// SPDX-License-Identifier: BSL-1.0
// Says everything back with the time in front, to one client after another.

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
    auto listener = socket::create_server({"127.0.0.1", argc > 1 ? std::stoi(argv[1]) : 0});
    std::cout << "listening on " << listener.getsockname() << std::endl;
    while (true) {
        auto [client, peer] = listener.accept();
        std::cout << "connected from " << peer << std::endl;
        while (auto data = client.recv(1024)) client.sendall("[" + timestamp() + "] " + data.to_string());
        std::cout << peer << " left" << std::endl;
    }
}

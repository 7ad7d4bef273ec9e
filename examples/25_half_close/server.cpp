// SPDX-License-Identifier: BSL-1.0
// The other side of a half close: reading ends with an empty result, and writing still works.

#include <bight/bight.h>

#include <iostream>
#include <string>

using namespace bight;

int main(int argc, char** argv) {
    auto listener = socket::create_server({"127.0.0.1", argc > 1 ? std::stoi(argv[1]) : 0});
    listener.setsockopt(SOL_SOCKET, SO_RCVBUF, 65536);  // little room for each connection
    std::cout << "listening on " << listener.getsockname() << std::endl;
    while (true) {
        auto [client, peer] = listener.accept();
        std::size_t total = 0;
        while (auto data = client.recv(65536)) total += data.size();
        std::cout << peer << " has finished after " << total << " bytes" << std::endl;
        client.sendall("thank you for " + std::to_string(total) + " bytes");
    }
}

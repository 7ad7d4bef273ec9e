// SPDX-License-Identifier: BSL-1.0
// One client at a time: the others wait in the backlog until this one has left. A client that breaks its connection
// ends itself only.

#include <bight/bight.h>

#include <iostream>
#include <string>

using namespace bight;

int main(int argc, char** argv) {
    auto listener = socket::create_server({"127.0.0.1", argc > 1 ? std::stoi(argv[1]) : 0}, {.backlog = 5});
    std::cout << "listening on " << listener.getsockname() << std::endl;
    while (true) {
        auto [client, peer] = listener.accept();
        std::cout << "connected from " << peer << std::endl;
        try {
            while (auto data = client.recv(1024)) {
                std::cout << peer << " says: " << data << std::endl;
                client.sendall(data.to_string() + " (received)");
            }
            std::cout << peer << " left" << std::endl;
        } catch (const ConnectionError&) {
            std::cout << peer << " broke the connection" << std::endl;
        }
    }
}

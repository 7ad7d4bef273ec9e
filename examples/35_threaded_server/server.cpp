// SPDX-License-Identifier: BSL-1.0
// A server with a thread for each client, in four steps: write a handler class, make a server with it, serve, and
// close. The handler is told the connection, who is there, and which server it works for.

#include <bight/bight.h>

#include <iostream>
#include <string>
#include <syncstream>

using namespace bight;

struct Echo : socketserver::BaseRequestHandler {
    void handle() override {
        std::osyncstream(std::cout) << client_address << " came to " << server->server_address() << std::endl;
        while (auto data = request.recv(1024)) request.sendall(data.to_string() + " (received)");
        std::osyncstream(std::cout) << client_address << " left" << std::endl;
    }
};

int main(int argc, char** argv) {
    socketserver::ThreadingTCPServer<Echo> server({"127.0.0.1", argc > 1 ? std::stoi(argv[1]) : 0},
                                                  {.allow_reuse_address = true});
    std::cout << "listening on " << server.server_address() << std::endl;
    server.serve_forever();
    server.server_close();
}

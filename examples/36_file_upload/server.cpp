// SPDX-License-Identifier: BSL-1.0
// Receives files into a folder, each client in a thread of its own: checked, and under their names once they are
// complete. A client that fails ends its own connection only.

#include <bight/bight.h>

#include <iostream>
#include <string>
#include <syncstream>

using namespace bight;

const file_transfer::Inbox* inbox = nullptr;

struct Upload : file_transfer::ReceiveHandler {
    Upload() : ReceiveHandler(*inbox) {}

    void received(const file_transfer::Transfer& transfer) override {
        std::osyncstream(std::cout) << printable(transfer.name) << ", " << transfer.size
                                    << " bytes: " << to_text(transfer.verdict) << std::endl;
    }
};

struct Server : socketserver::ThreadingTCPServer<Upload> {
    using ThreadingTCPServer::ThreadingTCPServer;
    ~Server() override { abort_requests(); }

    void handle_error(socketserver::Request&, const Address&) override {
        std::osyncstream(std::cout) << "a connection broke" << std::endl;
    }
};

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: server PORT FOLDER\n";
        return 2;
    }
    const file_transfer::Inbox folder(argv[2], {.max_size = 1'000'000});
    inbox = &folder;
    Server server({"127.0.0.1", std::stoi(argv[1])}, {.allow_reuse_address = true});
    std::cout << "listening on " << server.server_address() << std::endl;
    server.serve_forever();
}

// SPDX-License-Identifier: BSL-1.0
// A listener that never blocks: greet whoever waits, and once accept would block let select() wait for the next.
// "Would block" is an error code here, not an exception: asking in vain costs one system call.

#include <bight/bight.h>

#include <iostream>
#include <string>

using namespace bight;

int main(int argc, char** argv) {
    auto listener = socket::create_server({"127.0.0.1", argc > 1 ? std::stoi(argv[1]) : 0});
    listener.setblocking(false);
    std::cout << "listening on " << listener.getsockname() << std::endl;
    while (true) {
        auto accepted = listener.try_accept();
        if (accepted) {
            std::cout << "connected from " << accepted->peer << std::endl;
            accepted->socket.sendall("welcome\n");
        } else if (accepted.error() == std::errc::operation_would_block) {
            std::cout << "nobody waits: accept would block" << std::endl;
            select::select({listener}, {}, {});
        } else {
            raise_os_error(accepted.error().number(), "accept");
        }
    }
}

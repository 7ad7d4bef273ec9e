// SPDX-License-Identifier: BSL-1.0
// Flags of a single call: look without taking, send a byte ahead of the others, stay on the own network.

#include <bight/select.h>
#include <bight/socket.h>

#include <iostream>

using namespace bight;

int main() {
    Socket listener = socket::create_server({"127.0.0.1", 0});
    Socket client = socket::create_connection(listener.getsockname());
    auto [connection, peer] = listener.accept();

    client.sendall("Hello");
    std::cout << "peek: " << connection.recv(1024, MSG_PEEK) << '\n';
    std::cout << "peek again: " << connection.recv(1024, MSG_PEEK) << '\n';
    std::cout << "take: " << connection.recv(1024) << '\n';
    std::cout << "then: " << (connection.try_recv(1024, MSG_DONTWAIT) ? "more" : "nothing") << '\n';

    client.sendall("slow");
    client.send("!", MSG_OOB);
    select::select({}, {}, {connection});  // urgent data is what select() calls exceptional
    std::cout << "urgent: " << connection.recv(1, MSG_OOB) << '\n';
    std::cout << "the rest: " << connection.recv(1024) << '\n';

    std::cout << "without routing: " << client.send("near", MSG_DONTROUTE) << " bytes, "
              << connection.recv(1024, MSG_PEEK).size() << " came\n";
    Socket datagrams(AF_INET, SOCK_DGRAM);
    datagrams.connect(listener.getsockname());
    try {
        datagrams.send("!", MSG_OOB);
    } catch (const OSError& error) {
        std::cout << "urgent datagrams: " << error.code().message() << '\n';
    }
}

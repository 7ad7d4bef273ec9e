// SPDX-License-Identifier: BSL-1.0
// What one types into the first of two terminals: bind, listen, accept, send. Then the same without connections: a
// datagram socket says nothing until somebody writes to it, and answers to where that came from.

#include <bight/bight.h>

#include <iostream>
#include <string>

using namespace bight;

int main(int argc, char** argv) {
    Socket listener(AF_INET, SOCK_STREAM);
    listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    listener.bind({"127.0.0.1", argc > 1 ? std::stoi(argv[1]) : 0});
    listener.listen(1);
    std::cout << "listening on " << listener.getsockname() << std::endl;
    Socket datagrams(AF_INET, SOCK_DGRAM);
    datagrams.bind({"127.0.0.1", 0});
    std::cout << "datagrams to " << datagrams.getsockname() << std::endl;

    auto [client, peer] = listener.accept();
    std::cout << "connected from " << peer << std::endl;
    std::cout << client.send("Good day to you, other terminal") << " bytes sent" << std::endl;

    auto [data, sender] = datagrams.recvfrom(1024);
    std::cout << sender << " writes: " << data << std::endl;
    datagrams.sendto("received", sender);
}

// SPDX-License-Identifier: BSL-1.0
// Calls every host of a network at once, and prints who answers first. A socket must be told that it may do so.

#include <bight/socket.h>

#include <iostream>
#include <string>

using namespace bight;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: sender BROADCAST_ADDRESS PORT\n";
        return 2;
    }
    const HostPort everybody(argv[1], std::stoi(argv[2]));
    Socket s(AF_INET, SOCK_DGRAM);
    s.settimeout(5s);
    try {
        s.sendto("is anybody there?", everybody);
    } catch (const PermissionError&) {
        std::cout << "not without SO_BROADCAST" << std::endl;
    }
    s.setsockopt(SOL_SOCKET, SO_BROADCAST, 1);
    std::cout << s.sendto("is anybody there?", everybody) << " bytes sent to everybody" << std::endl;
    auto [answer, peer] = s.recvfrom(1024);
    std::cout << peer << " answers: " << answer << std::endl;
}

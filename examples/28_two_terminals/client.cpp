// SPDX-License-Identifier: BSL-1.0
// What one types into the second of two terminals: connect and receive. A datagram socket may be connected as well:
// that names its peer, and then send and recv do.

#include <bight/bight.h>

#include <iostream>
#include <string>

using namespace bight;

int main(int argc, char** argv) {
    if (argc < 4) {
        std::cerr << "usage: client HOST PORT DATAGRAM_PORT\n";
        return 2;
    }
    Socket stream(AF_INET, SOCK_STREAM);
    stream.connect({argv[1], std::stoi(argv[2])});
    std::cout << stream.getpeername() << " says: " << stream.recv(1024) << std::endl;

    Socket datagrams(AF_INET, SOCK_DGRAM);
    datagrams.connect({argv[1], std::stoi(argv[3])});
    std::cout << datagrams.send("a postcard") << " bytes sent" << std::endl;
    std::cout << datagrams.getpeername() << " answers: " << datagrams.recv(1024) << std::endl;
}

// SPDX-License-Identifier: BSL-1.0
// send() takes what there is room for and says how much, sendall() takes the rest; shutdown(SHUT_WR) then says "that
// was all" while the way back stays open.

#include <bight/bight.h>

#include <iostream>
#include <string>

using namespace bight;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: client HOST PORT\n";
        return 2;
    }
    const std::string text(std::size_t{4} << 20, 'x');
    auto connection = socket::create_connection({argv[1], std::stoi(argv[2])}, {.timeout = 10s});
    connection.setsockopt(SOL_SOCKET, SO_SNDBUF, 65536);
    const std::size_t sent = connection.send(text);
    std::cout << "send took " << (sent < text.size() ? "a part" : "everything") << std::endl;
    connection.sendall(Bytes(text).slice(sent));
    std::cout << "sendall took the rest" << std::endl;

    connection.shutdown(SHUT_WR);
    try {
        connection.send("one more");
    } catch (const BrokenPipeError&) {
        std::cout << "nothing more can be sent" << std::endl;
    }
    while (auto answer = connection.recv(1024)) std::cout << answer;
    std::cout << std::endl;
}

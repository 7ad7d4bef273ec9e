// SPDX-License-Identifier: BSL-1.0
// Options of a socket: numbers, and structures as their bytes. The kernel answers with what it made of a wish.

#include <bight/socket.h>

#include <cstring>
#include <iostream>
#include <span>

using namespace bight;

int main() {
    Socket s(AF_INET, SOCK_STREAM);
    s.setsockopt(SOL_SOCKET, SO_SNDBUF, 65535);
    std::cout << "a send buffer of 65535 bytes became " << s.getsockopt(SOL_SOCKET, SO_SNDBUF) << '\n';
    s.setsockopt(SOL_IP, IP_TTL, 32);
    std::cout << "packets are dropped after " << s.getsockopt(SOL_IP, IP_TTL) << " hops\n";
    std::cout << "the kind of this socket is " << Kind(s.getsockopt(SOL_SOCKET, SO_TYPE)) << '\n';

    linger wish{.l_onoff = 1, .l_linger = 7};
    s.setsockopt(SOL_SOCKET, SO_LINGER, std::as_bytes(std::span(&wish, 1)));
    auto bytes = s.getsockopt(SOL_SOCKET, SO_LINGER, sizeof wish);
    linger answer;
    std::memcpy(&answer, bytes.data(), sizeof answer);
    std::cout << "lingering is " << (answer.l_onoff ? "on" : "off") << ", for " << answer.l_linger << " seconds\n";

    auto congestion = s.getsockopt(IPPROTO_TCP, TCP_CONGESTION, 16);
    s.setsockopt(IPPROTO_TCP, TCP_CONGESTION, congestion);
    std::cout << "an option that is a name: "
              << (s.getsockopt(IPPROTO_TCP, TCP_CONGESTION, 16) == congestion ? "as before" : "changed") << '\n';
    try {
        s.setsockopt(SOL_SOCKET, SO_SNDBUF, "no");
    } catch (const OSError& error) {
        std::cout << "two bytes are no number: " << error.code().message() << '\n';
    }
}

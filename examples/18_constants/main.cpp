// SPDX-License-Identifier: BSL-1.0
// The platform's constants work as they are: families, kinds, levels, options, flags. One that the platform lacks does
// not compile.

#include <bight/socket.h>

#include <iostream>
#include <utility>

using namespace bight;

int main() {
    std::cout << "families:";
    for (Family family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET})
        std::cout << ' ' << family << '=' << family.value;
    std::cout << "\nkinds:";
    for (Kind kind : {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET})
        std::cout << ' ' << kind << '=' << kind.value;
    std::cout << "\nlevels:";
    for (auto [name, number] : {std::pair("SOL_SOCKET", SOL_SOCKET), {"SOL_IP", SOL_IP}, {"SOL_TCP", SOL_TCP}})
        std::cout << ' ' << name << '=' << number;
    std::cout << "\nflags:";
    for (auto [name, number] : {std::pair<const char*, int>("MSG_PEEK", MSG_PEEK), {"MSG_OOB", MSG_OOB}})
        std::cout << ' ' << name << '=' << number;
    std::cout << "\nmost connections that wait: " << SOMAXCONN << "\nIPv6 is "
              << (socket::has_ipv6 ? "known" : "unknown") << '\n';

    for (Kind kind : {SOCK_STREAM, SOCK_DGRAM, SOCK_RDM, SOCK_SEQPACKET}) {
        try {
            Socket s(AF_UNIX, kind);
            std::cout << s.family() << " has sockets of " << s.kind() << '\n';
        } catch (const OSError& error) {
            std::cout << "AF_UNIX has no " << kind << ": " << error.code().message() << '\n';
        }
    }
}

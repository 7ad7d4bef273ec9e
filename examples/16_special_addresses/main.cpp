// SPDX-License-Identifier: BSL-1.0
// Addresses and ports that are set apart: the constants, and the two hosts that are no names, "" and "<broadcast>".
// Not private is not global yet: 100.64.0.1, from the block that providers share, is neither.

#include <bight/ipaddress.h>
#include <bight/socket.h>

#include <iostream>

using namespace bight;

int main() {
    std::cout << "any        " << ipaddress::IPv4Address(INADDR_ANY) << '\n'
              << "loopback   " << ipaddress::IPv4Address(INADDR_LOOPBACK) << '\n'
              << "broadcast  " << ipaddress::IPv4Address(INADDR_BROADCAST) << '\n'
              << "all hosts  " << ipaddress::IPv4Address(INADDR_ALLHOSTS_GROUP) << '\n'
              << "ports below " << IPPORT_RESERVED << " are for the administrator's servers\n";
    for (auto text : {"10.1.2.3", "172.16.0.1", "192.168.1.4", "127.0.0.1", "100.64.0.1", "222.76.216.16"})
        std::cout << text << (ipaddress::ip_address(text).is_global() ? " is global\n" : " is not global\n");

    Socket port(AF_INET, SOCK_DGRAM);
    port.bind({"", 0});
    std::cout << "\"\" is " << port.getsockname().host() << '\n'
              << "\"<broadcast>\" is " << socket::gethostbyname("<broadcast>") << '\n';
    try {
        Socket(AF_INET6, SOCK_DGRAM).connect({"<broadcast>", 9});
    } catch (const OSError&) {
        std::cout << "\"<broadcast>\" is nothing to IPv6\n";
    }
    for (int number : {65535, 65536, -1}) {
        try {
            Address::ip("127.0.0.1", number);
            std::cout << number << " is a port\n";
        } catch (const OverflowError&) {
            std::cout << number << " is no port\n";
        }
    }
}

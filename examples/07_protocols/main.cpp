// SPDX-License-Identifier: BSL-1.0
// The number of a protocol by its name, beside the constant that stands for it.

#include <bight/netdb.h>

#include <iostream>
#include <map>
#include <string>

#include <netinet/in.h>

using namespace bight;

int main() {
    const std::map<int, std::string> constants{
        {IPPROTO_ICMP, "IPPROTO_ICMP"}, {IPPROTO_TCP, "IPPROTO_TCP"},   {IPPROTO_UDP, "IPPROTO_UDP"},
        {IPPROTO_IPV6, "IPPROTO_IPV6"}, {IPPROTO_SCTP, "IPPROTO_SCTP"},
    };
    for (auto name : {"icmp", "udp", "tcp", "ipv6", "sctp", "vrrp", "pigeon"}) {
        try {
            int number = socket::getprotobyname(name);
            auto constant = constants.find(number);
            std::cout << name << " is " << number << ", "
                      << (constant == constants.end() ? "without a constant" : constant->second) << '\n';
        } catch (const OSError& error) {
            std::cout << name << ": " << error.what() << '\n';
        }
    }
}

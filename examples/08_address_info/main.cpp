// SPDX-License-Identifier: BSL-1.0
// Every way to reach a service of a host, field by field. Numbers without a name of their own are shown as they are.

#include <bight/resolver.h>

#include <iostream>
#include <string>

#include <netinet/in.h>
#include <sys/socket.h>

using namespace bight;

std::string name_of_protocol(int proto) {
    switch (proto) {
        case IPPROTO_IP: return "IPPROTO_IP";
        case IPPROTO_TCP: return "IPPROTO_TCP";
        case IPPROTO_UDP: return "IPPROTO_UDP";
        default: return std::to_string(proto);
    }
}

void show(const socket::AddrInfo& found) {
    std::cout << "  family    " << found.family << '\n'
              << "  kind      " << found.kind << '\n'
              << "  protocol  " << name_of_protocol(found.proto) << '\n'
              << "  address   " << found.address.host() << ", port " << found.address.port();
    if (found.family == Family::inet6)
        std::cout << ", flow " << found.address.flow_info() << ", scope " << found.address.scope_id();
    std::cout << "\n\n";
}

int main(int argc, char** argv) {
    const std::string host = argc > 1 ? argv[1] : "localhost";
    std::cout << "http on " << host << ":\n";
    for (auto& found : socket::getaddrinfo(host, "http")) show(found);

    std::cout << "port 5001 on " << host << ", by a kind of socket that bight has no name for:\n";
    for (auto& found : socket::getaddrinfo(host, 5001, {.kind = SOCK_DCCP})) show(found);
}

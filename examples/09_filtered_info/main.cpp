// SPDX-License-Identifier: BSL-1.0
// Only those ways to reach a host that are wanted: by family, kind, protocol and flags.

#include <bight/resolver.h>

#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include <netdb.h>
#include <netinet/in.h>

using namespace bight;

void show(std::string_view what, std::optional<std::string_view> host, const socket::Service& service,
          const socket::AddrInfoOptions& options) {
    std::cout << what << ":\n";
    try {
        for (auto& found : socket::getaddrinfo(host, service, options)) {
            std::cout << "  " << found.family << ' ' << found.kind << ' ' << found.address;
            if (!found.canonname.empty()) std::cout << " of " << found.canonname;
            std::cout << '\n';
        }
    } catch (const GaiError& error) {
        std::cout << "  " << error.what() << '\n';
    }
}

int main(int argc, char** argv) {
    const std::string host = argc > 1 ? argv[1] : "localhost";
    show("streams", host, "http", {.kind = SOCK_STREAM});
    show("datagrams over IPv4", host, "domain", {.family = AF_INET, .kind = SOCK_DGRAM});
    show("TCP, with the canonical name on the first", host, "http", {.proto = IPPROTO_TCP, .flags = AI_CANONNAME});
    show("a numeric service", host, 8080, {.family = AF_INET, .kind = SOCK_STREAM});
    show("a numeric host", "192.0.2.7", "https", {.kind = SOCK_STREAM, .flags = AI_NUMERICHOST});
    show("a name where only numbers are allowed", host, "https", {.flags = AI_NUMERICHOST});
    show("no host, to connect to", std::nullopt, 8080, {.family = AF_INET, .kind = SOCK_STREAM});
    show("no host, to listen at", std::nullopt, 8080, {.family = AF_INET, .kind = SOCK_STREAM, .flags = AI_PASSIVE});
}

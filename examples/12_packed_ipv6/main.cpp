// SPDX-License-Identifier: BSL-1.0
// IPv6 addresses as sixteen bytes, shown in hex, and as text again: the short form, whatever it was before.

#include <bight/inet.h>

#include <iomanip>
#include <iostream>

#include <sys/socket.h>

using namespace bight;

void show_hex(Bytes bytes) {
    std::cout << std::hex << std::setfill('0');
    for (auto byte : bytes) std::cout << std::setw(2) << std::to_integer<int>(byte);
    std::cout << std::dec << '\n';
}

int main() {
    for (auto text : {"2002:ac10:10a:1234:21e:52ff:fe74:40e", "2001:db8:0:0:0:0:0:1", "::ffff:192.0.2.1", "::"}) {
        auto packed = socket::inet_pton(AF_INET6, text);
        std::cout << "text     " << text << "\npacked   ";
        show_hex(packed);
        std::cout << "unpacked " << socket::inet_ntop(AF_INET6, packed) << "\n\n";
    }
    try {
        socket::inet_pton(AF_INET6, "2001:db8:::1");
    } catch (const OSError& error) {
        std::cout << error.what() << '\n';
    }
    try {
        socket::inet_ntop(AF_INET6, "four");
    } catch (const ValueError& error) {
        std::cout << error.what() << '\n';
    }
}

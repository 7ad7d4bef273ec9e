// SPDX-License-Identifier: BSL-1.0
// IPv4 addresses as four bytes, shown in hex, and as text again. What is neither raises.

#include <bight/inet.h>

#include <iomanip>
#include <iostream>

using namespace bight;

void show_hex(Bytes bytes) {
    std::cout << std::hex << std::setfill('0');
    for (auto byte : bytes) std::cout << std::setw(2) << std::to_integer<int>(byte);
    std::cout << std::dec << '\n';
}

int main() {
    for (auto text : {"192.168.1.1", "127.0.0.1", "222.76.216.16"}) {
        auto packed = socket::inet_aton(text);
        std::cout << "text     " << text << "\npacked   ";
        show_hex(packed);
        std::cout << "unpacked " << socket::inet_ntoa(packed) << "\n\n";
    }
    try {
        socket::inet_aton("1970. 76.216.16");
    } catch (const OSError& error) {
        std::cout << error.what() << '\n';
    }
    try {
        socket::inet_ntoa("five!");
    } catch (const OSError& error) {
        std::cout << error.what() << '\n';
    }
}

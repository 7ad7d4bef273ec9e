// SPDX-License-Identifier: BSL-1.0
// Numbers in the byte order of the network and of this machine. htons and htonl take numbers of 16 and 32 bits: one that
// does not fit must be refused before.

#include <bight/socket.h>

#include <cstdint>
#include <iostream>
#include <utility>

int main() {
    const std::uint16_t little = htons(20000);
    const std::uint32_t large = htonl(20000);
    std::cout << "20000 in 16 bits of the network's order is " << little << ", and back " << ntohs(little) << '\n'
              << "20000 in 32 bits of the network's order is " << large << ", and back " << ntohl(large) << '\n';
    for (long number : {65535L, 65536L, -1L})
        std::cout << number << (std::in_range<std::uint16_t>(number) ? " fits" : " does not fit") << " into 16 bits\n";
    for (long number : {4294967295L, 4294967296L, -1L})
        std::cout << number << (std::in_range<std::uint32_t>(number) ? " fits" : " does not fit") << " into 32 bits\n";
}

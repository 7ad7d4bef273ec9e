// SPDX-License-Identifier: BSL-1.0
// Sends files over one connection, and says what the server says of each.

#include <bight/bight.h>

#include <iostream>
#include <string>

using namespace bight;

int main(int argc, char** argv) {
    if (argc < 4) {
        std::cerr << "usage: client HOST PORT FILE...\n";
        return 2;
    }
    auto connection = socket::create_connection({argv[1], std::stoi(argv[2])});
    file_transfer::Sender sender(connection);
    for (int i = 3; i < argc; ++i) {
        const auto transfer = sender.send(argv[i]);
        std::cout << printable(transfer.name) << ", " << transfer.size << " bytes: " << to_text(transfer.verdict)
                  << std::endl;
    }
}

// SPDX-License-Identifier: BSL-1.0
// The smallest echo server over bight; check_compile_cost compiles it.
#include <bight/socket.h>

using namespace bight;

int main() {
    auto listener = socket::create_server({"127.0.0.1", 7000});
    while (true) {
        auto [client, peer] = listener.accept();
        while (auto data = client.recv(4096)) client.sendall(data);
    }
}

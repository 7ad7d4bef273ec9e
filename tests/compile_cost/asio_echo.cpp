// SPDX-License-Identifier: BSL-1.0
// The same echo server over Asio, for comparison.
#include <array>

#include <asio.hpp>

int main() {
    asio::io_context context;
    asio::ip::tcp::acceptor listener(context, {asio::ip::make_address("127.0.0.1"), 7000});
    while (true) {
        auto client = listener.accept();
        std::array<char, 4096> memory;
        asio::error_code error;
        while (auto size = client.read_some(asio::buffer(memory), error))
            asio::write(client, asio::buffer(memory, size), error);
    }
}

// SPDX-License-Identifier: BSL-1.0
// Books loop over send() until a message is gone. sendall() is that loop; one of one's own is for what it cannot do,
// here a pace: no more than one piece each millisecond.

#include <bight/socket.h>

#include <chrono>
#include <iostream>
#include <string>
#include <thread>

using namespace bight;
using namespace std::chrono_literals;

/// Sends `message` in pieces, one in each `interval` at the most, and says how many bytes that were.
std::size_t send_until_gone(Socket& s, Bytes message, std::size_t piece, Duration interval) {
    std::size_t sent = 0;
    auto next = std::chrono::steady_clock::now();
    while (sent < message.size()) {
        std::this_thread::sleep_until(next);
        sent += s.send(message.slice(sent, piece));
        next += interval;
    }
    return sent;
}

int main() {
    auto [here, there] = socket::socketpair();
    std::size_t received = 0;
    std::jthread listener([&received, s = std::move(there)]() mutable {
        while (auto data = s.recv(65536)) received += data.size();
    });

    const std::string message(std::size_t{1} << 20, 'x');
    const auto start = std::chrono::steady_clock::now();
    std::cout << "piece by piece: " << send_until_gone(here, message, 65536, 1ms) << " bytes\n"
              << "no faster than asked: " << (std::chrono::steady_clock::now() - start >= 15ms ? "yes" : "no") << '\n';
    here.sendall(message);
    std::cout << "sendall: " << message.size() << " bytes\n";

    here.shutdown(SHUT_WR);
    listener.join();
    std::cout << "received: " << received << " bytes\n";
}

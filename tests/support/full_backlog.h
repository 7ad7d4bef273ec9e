// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/socket.h>

#include <cerrno>
#include <chrono>
#include <vector>

namespace bight::testing {

/// A listener whose backlog is full, so that the next connect() has to wait.
struct FullBacklog {
    explicit FullBacklog(const HostPort& where) : listener(socket::create_server(where, {.backlog = 0})) {
        while (true) {
            Socket client(listener.family());
            client.settimeout(std::chrono::seconds(0));
            int number = client.connect_ex(listener.getsockname());
            bool waits = number == EAGAIN || (number == EINPROGRESS && !is_connected(client));
            clients.push_back(std::move(client));
            if (waits) return;
        }
    }

    /// On the loopback the handshake is over before connect() returns, unless the backlog holds it up.
    static bool is_connected(Socket& client) { return client.try_send("").has_value(); }

    Socket listener;
    std::vector<Socket> clients;
};

}  // namespace bight::testing

// SPDX-License-Identifier: BSL-1.0
/// A server in a thread of its own, and a client of it.
#pragma once

#include <bight/socketserver.h>

#include <chrono>
#include <string>
#include <thread>

namespace bight::socketserver {

inline const HostPort any_port("127.0.0.1", 0);

struct Echo : StreamRequestHandler {
    void handle() override {
        while (auto line = rfile.readline()) wfile.write(line);
    }
};
struct EchoPacket : DatagramRequestHandler {
    void handle() override { wfile.write(rfile.read_all()); }
};

/// Serves until it is stopped.
template <class Server>
struct Serving {
    explicit Serving(Server& serving, Timeout poll_interval = default_poll_interval)
        : server(serving), thread([this, poll_interval] { server.serve_forever(poll_interval); }) {}
    ~Serving() {
        server.stop(std::chrono::seconds(0));
        thread.join();
    }
    Server& server;
    std::thread thread;
};

/// A client whose handler runs.
struct Client {
    explicit Client(const Address& where)
        : connection(socket::create_connection(where, {.timeout = std::chrono::seconds(20)})),
          answers(connection.makefile(socket::rb)) {}
    ~Client() { finish(); }
    std::string ask() {
        connection.sendall("x\n");
        return answers.readline().to_string();
    }
    void finish() { (void)::shutdown(connection.fileno(), SHUT_WR); }  // children have copies: close() would not do
    bool is_ended() {
        auto rest = connection.try_recv(10);
        return rest ? rest->empty() : rest.error() == std::errc::connection_reset;
    }
    Socket connection;
    BufferedReader answers;
};

}  // namespace bight::socketserver

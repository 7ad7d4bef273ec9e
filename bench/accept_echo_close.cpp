// SPDX-License-Identifier: BSL-1.0
// Claim: what a threaded TCP server of socketserver's adds to a thread for each connection. Each server is a process
// of its own and its CPU time is what counts; a turn is one connection: 64 bytes there and back, then the end.
#include <bight/socketserver.h>

#include "support/children.h"
#include "support/claims.h"
#include "support/sockets.h"

#include <array>
#include <cstddef>
#include <thread>
#include <vector>

#include <unistd.h>

namespace {

using bench::Claim;
using bench::must;
using bench::Side;
using bench::start_child;

constexpr int backlog = 128;
constexpr std::size_t read_size = 4096;

// ---- The servers. ------------------------------------------------------------------------------------------------------

struct Echo : bight::socketserver::BaseRequestHandler {
    void handle() override {
        while (auto data = request.recv(read_size)) request.sendall(data);
    }
};
using OurServer = bight::socketserver::ThreadingTCPServer<Echo>;

void raw_echo(int fd) {
    std::array<std::byte, read_size> memory;
    ssize_t got;
    while ((got = ::recv(fd, memory.data(), memory.size(), 0)) > 0)
        if (::send(fd, memory.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) break;
    ::close(fd);
}

[[noreturn]] void raw_serve(int listener) {
    while (true) {
        int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) std::thread(raw_echo, fd).detach();
    }
}

// ---- The client. -------------------------------------------------------------------------------------------------------

void one_connection(const bench::Where& where) {
    int fd = must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    must(::connect(fd, reinterpret_cast<const sockaddr*>(&where.address), where.size), "connect");
    std::array<std::byte, 64> memory{};
    must(static_cast<int>(::send(fd, memory.data(), memory.size(), MSG_NOSIGNAL)), "send");
    must(static_cast<int>(::recv(fd, memory.data(), memory.size(), MSG_WAITALL)), "recv");
    must(::shutdown(fd, SHUT_WR), "shutdown");
    must(static_cast<int>(::recv(fd, memory.data(), memory.size(), 0)), "recv");  // the server has closed
    ::close(fd);
}

Side connections(bench::Where where, clockid_t server) {
    auto work = [where](long turns) {
        for (long turn = 0; turn < turns; ++turn) one_connection(where);
    };
    return {work, [server] { return bench::clock_ns(server); }};
}

Side to_our_server() {
    OurServer server({"127.0.0.1", 0}, {.request_queue_size = backlog});
    auto where = bench::bound_to(server.fileno());
    return connections(where, start_child([&] { server.serve_forever(); }));
}

Side to_raw_server() {
    int listener = bench::listen_on_loopback(backlog);
    auto where = bench::bound_to(listener);
    auto clock = start_child([&] { raw_serve(listener); });
    ::close(listener);
    return connections(where, clock);
}

std::vector<Claim> claims() {
    return {
        {"a connection: ThreadingTCPServer", 0, 0, to_our_server(), to_raw_server()},
        {"a connection: the raw side against itself", 0, 0, to_raw_server(), to_raw_server()},
    };
}

}  // namespace

int main(int argc, char** argv) { return bench::run_claims(argc, argv, claims); }

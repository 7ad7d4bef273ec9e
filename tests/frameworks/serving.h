// SPDX-License-Identifier: BSL-1.0
/// A server in a thread of its own, and a client of it.
#pragma once

#include <bight/socketserver.h>

#include <cctype>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <type_traits>

#include <unistd.h>

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

// AddressSanitizer of g++ 12 leaves its allocator's locks as they are at a fork: where another thread held one, the child
// waits for it for ever. So no load of threads on a server that forks.
#if defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
inline constexpr bool forks_under_load = false;
#else
inline constexpr bool forks_under_load = true;
#endif

template <class Server>
inline constexpr bool forks = requires(Server& server) { server.active_children(); } ||
                              requires(Server& server) { server.workers(); };

/// A server and the family of its address.
template <class TheServer, int family>
struct Over {
    using Server = TheServer;
    static Socket bound() {
        bool stream = std::is_base_of_v<StreamServer, Server>;
        Socket socket(family, stream ? SOCK_STREAM : SOCK_DGRAM);
        if (family == AF_UNIX)
            socket.bind(Address::unnamed());  // the kernel's choice of a name
        else
            socket.bind(any_port);
        return socket;
    }
};
template <class Server>
using Internet = Over<Server, AF_INET>;
template <class Server>
using Unix = Over<Server, AF_UNIX>;

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

/// Whether it comes true before the limit has passed.
template <class Condition>
bool soon(Condition condition, Duration limit = std::chrono::seconds(20)) {
    auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::yield();
    }
    return true;
}

/// The state of a process as /proc/PID/stat has it, and its parent; a space if there is none.
struct ProcessState {
    char state = ' ';
    int parent = 0;
};
inline ProcessState state_of(const std::string& pid) {
    std::string stat;
    std::getline(std::ifstream("/proc/" + pid + "/stat") >> std::ws, stat);
    ProcessState found;
    auto name_end = stat.rfind(')');
    if (name_end != std::string::npos)
        (void)std::sscanf(stat.c_str() + name_end + 1, " %c %d", &found.state, &found.parent);
    return found;
}

/// Whether a connection of that port is in TIME_WAIT: of those the kernel keeps so many and no more.
inline bool is_in_time_wait(int port) {
    std::ifstream table("/proc/net/tcp");
    std::string line, number, local, peer, state;
    while (std::getline(table, line)) {
        std::istringstream(line) >> number >> local >> peer >> state;
        auto colon = local.find(':');
        if (state == "06" && colon != local.npos && std::stoi(local.substr(colon + 1), nullptr, 16) == port)
            return true;
    }
    return false;
}

/// How many children of ours have ended and nobody has collected.
inline int zombies() {
    int count = 0;
    for (auto& entry : std::filesystem::directory_iterator("/proc")) {
        auto name = entry.path().filename().string();
        if (!std::isdigit(static_cast<unsigned char>(name[0]))) continue;
        auto found = state_of(name);
        count += found.state == 'Z' && found.parent == ::getpid();
    }
    return count;
}

}  // namespace bight::socketserver

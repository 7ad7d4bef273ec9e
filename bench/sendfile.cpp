// SPDX-License-Identifier: BSL-1.0
// Claim: sendfile() costs what a careful sender costs who moves the file by hand, in pieces, on a socket that does not
// block, under TCP_CORK. Each sender is a process of its own; a turn is one connection with one file of 1 GiB from memory.
// CPython and nginx send the same file to the same reader. Rows named "cpu" compare the sender's CPU time, beside the
// reader on one core: there nobody is woken up on the other one, which costs more than all the rest. Rows named "time"
// compare what passes on the wall, with the sender on the other core.
#include <bight/file_descriptor.h>
#include <bight/socket.h>

#include "support/children.h"
#include "support/claims.h"
#include "support/sockets.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <unistd.h>

namespace {

using bench::Claim;
using bench::must;
using bench::Side;
using namespace std::chrono_literals;

constexpr std::size_t file_size = std::size_t{1} << 30;
constexpr double goal = 1.05;
constexpr int most_pairs = 12;
constexpr std::string_view request = "GET /file HTTP/1.0\r\n\r\n";

/// The file and what nginx wants to have, in memory, for as long as the program runs.
class Folder {
public:
    Folder() {
        std::string pattern = "/dev/shm/bight-bench-XXXXXX";
        if (!::mkdtemp(pattern.data())) must(-1, "mkdtemp");
        path_ = pattern;
        std::string block(std::size_t{1} << 20, '\0');
        for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<char>(i * 2654435761u >> 13);
        std::ofstream out(file(), std::ios::binary);
        for (std::size_t written = 0; written < file_size; written += block.size()) out << block;
        if (!out.flush()) throw std::runtime_error("no room for 1 GiB in /dev/shm");
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string file() const { return path_ + "/file"; }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

const Folder& folder() {
    static Folder one;
    return one;
}

// ---- The senders, each on a listener of its own. -----------------------------------------------------------------------

[[noreturn]] void serve_bight(int listener, const bight::Timeout& timeout) {
    auto socket = bight::Socket::adopt(listener);
    auto file = bight::FileDescriptor::open(folder().file());
    while (true) {
        auto [client, peer] = socket.accept();
        (void)client.recv(4096);
        client.settimeout(timeout);
        client.sendfile(file);
    }
}

void send_raw(int to, int file) {
    int on = 1;
    must(::setsockopt(to, IPPROTO_TCP, TCP_CORK, &on, sizeof on), "setsockopt");
    must(::fcntl(to, F_SETFL, O_NONBLOCK), "fcntl");
    constexpr std::size_t piece = std::size_t{2} << 20;
    pollfd ready{to, POLLOUT, 0};
    for (off_t at = 0; at < static_cast<off_t>(file_size);) {
        auto moved = ::sendfile(to, file, &at, std::min(piece, file_size - static_cast<std::size_t>(at)));
        if (moved < 0 && errno != EAGAIN) must(-1, "sendfile");
        if (moved < 0) must(::poll(&ready, 1, -1), "poll");
    }
}

[[noreturn]] void serve_raw(int listener) {
    int file = must(::open(folder().file().c_str(), O_RDONLY | O_CLOEXEC), "open");
    std::array<char, 4096> memory;
    while (true) {
        int client = must(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC), "accept4");
        must(static_cast<int>(::recv(client, memory.data(), memory.size(), 0)), "recv");
        send_raw(client, file);
        ::close(client);
    }
}

void serve_python(int listener) {
    constexpr auto script = R"(
import socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
with open(sys.argv[2], "rb") as file:
    while True:
        client, _ = listener.accept()
        with client:
            client.recv(4096)
            client.sendfile(file)
)";
    bench::become({"/usr/bin/python3.11", "-c", script, std::to_string(listener), folder().file()}, {listener});
}

/// As it is set up to send large files; one process.
void serve_nginx(int port) {
    std::string configuration = folder().path() + "/nginx-" + std::to_string(port);
    std::ofstream out(configuration);
    out << "daemon off; master_process off; error_log /dev/null; pid " << configuration << ".pid;\n"
        << "events { worker_connections 64; }\n"
        << "http { access_log off; sendfile on; tcp_nopush on; sendfile_max_chunk 2m;\n";
    for (std::string_view use : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
        out << use << "_temp_path " << folder().path() << ";\n";
    out << "server { listen 127.0.0.1:" << port << "; root " << folder().path() << "; } }\n";
    out.close();
    bench::become({"/usr/sbin/nginx", "-c", configuration}, {});
}

// ---- The reader. -------------------------------------------------------------------------------------------------------

void fetch(const bench::Where& where) {
    int fd = must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    must(::connect(fd, reinterpret_cast<const sockaddr*>(&where.address), where.size), "connect");
    must(static_cast<int>(::send(fd, request.data(), request.size(), MSG_NOSIGNAL)), "send");
    static std::vector<std::byte> memory(std::size_t{256} << 10);
    std::size_t total = 0;
    while (int got = must(static_cast<int>(::recv(fd, memory.data(), memory.size(), 0)), "recv"))
        total += static_cast<std::size_t>(got);
    ::close(fd);
    if (total < file_size) throw std::runtime_error("a sender ended early");
}

/// Where a sender is asked for the file, and the clock of its CPU time.
struct Sender {
    bench::Where where;
    clockid_t cpu;

    Side side(clockid_t clock) const {
        auto work = [where = where](long turns) {
            for (long turn = 0; turn < turns; ++turn) fetch(where);
        };
        return {work, [clock] { return bench::clock_ns(clock); }};
    }
};

/// Starts one beside the reader, or on the first core.
using Starter = std::function<Sender(bool beside_reader)>;

Starter starter(const std::function<void(int listener)>& serve) {
    return [serve](bool beside_reader) -> Sender {
        int listener = bench::listen_on_loopback(16);
        auto where = bench::bound_to(listener);
        auto cpu = bench::start_child([&] {
            if (!beside_reader) bench::move_to_first_core();
            serve(listener);
        });
        ::close(listener);
        return {where, cpu};
    };
}

/// nginx makes its own listener. Until then a socket that is bound, and does not listen, keeps the port for it.
Sender start_nginx(bool beside_reader) {
    int keeper = must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"), on = 1;
    must(::setsockopt(keeper, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(::bind(keeper, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
    auto where = bench::bound_to(keeper);
    int port = ntohs(reinterpret_cast<const sockaddr_in*>(&where.address)->sin_port);
    auto cpu = bench::start_child([&] {
        if (!beside_reader) bench::move_to_first_core();
        serve_nginx(port);
    });
    for (int tries = 0; tries < 500; ++tries) {
        int fd = must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
        int failed = ::connect(fd, reinterpret_cast<const sockaddr*>(&where.address), where.size);
        ::close(fd);
        if (failed == 0) return {where, cpu};
        ::usleep(10'000);
    }
    throw std::runtime_error("nginx does not answer");
}

std::vector<Claim> claims() {
    (void)folder();  // before the children, which must not each make one
    Starter raw = starter(serve_raw), python = starter(serve_python);
    Starter ours = starter([](int listener) { serve_bight(listener, std::nullopt); });
    Starter limited = starter([](int listener) { serve_bight(listener, 60s); });
    std::vector<Claim> rows;
    auto compare = [&](const std::string& name, double the_goal, const Starter& one, const Starter& other) {
        auto near = one(true), other_near = other(true), far = one(false), other_far = other(false);
        rows.push_back(
            {"sendfile, cpu: " + name, the_goal, 0, near.side(near.cpu), other_near.side(other_near.cpu), most_pairs});
        rows.push_back({"sendfile, time: " + name, the_goal, 0, far.side(CLOCK_MONOTONIC),
                        other_far.side(CLOCK_MONOTONIC), most_pairs});
    };
    compare("the raw side against itself", 0, raw, raw);
    compare("no timeout", goal, ours, raw);
    compare("timeout 60 s", goal, limited, raw);
    compare("against CPython", 0, ours, python);
    if (std::filesystem::exists("/usr/sbin/nginx"))
        compare("against nginx", 0, ours, start_nginx);
    else
        std::fputs("nginx is not installed: no rows against it\n", stderr);
    return rows;
}

}  // namespace

int main(int argc, char** argv) { return bench::run_claims(argc, argv, claims); }

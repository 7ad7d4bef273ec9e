// SPDX-License-Identifier: BSL-1.0
// Claim: a connection that waits costs half a kilobyte: its coroutine, its task and its channel, and no buffer. What the
// server's resident memory grew by, for each of 9,000 connections after the first, which each echoed once.
#include "support/echo_server.h"
#include "support/figures.h"
#include "support/load.h"

#include <array>
#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr int connections = 9000;
constexpr double goal = 512;

double resident_bytes(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/statm");
    double size = 0, resident = 0;
    file >> size >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

void echo_once(int fd) {
    std::array<std::byte, 64> out{}, in{};
    bench::must(static_cast<int>(::send(fd, out.data(), out.size(), MSG_NOSIGNAL)), "send");
    if (::recv(fd, in.data(), in.size(), MSG_WAITALL) != static_cast<ssize_t>(in.size()))
        throw std::runtime_error("no echo");
}

double bytes_a_connection(const char* name) {
    bench::raise_descriptor_limit();
    bench::EchoServer server(name, bench::Transport::tcp);
    std::vector<int> fds;
    double before = 0;
    for (int i = 0; i <= connections; ++i) {
        fds.push_back(bench::connect_to(server.where(), SOCK_STREAM));
        echo_once(fds.back());
        if (i == 0) before = resident_bytes(server.pid());
    }
    double grown = resident_bytes(server.pid()) - before;
    for (int fd : fds) ::close(fd);
    return grown / connections;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<bench::Figure> figures;
    for (const char* name :
         {"bight-uring", "bight-epoll", "raw-ring", "raw-epoll", "asio-coroutines", "asio-callbacks"}) {
        bool is_ours = std::string(name).starts_with("bight");
        figures.push_back({std::string("an idle connection, ") + name, is_ours ? goal : -1, "bytes",
                           [name] { return bytes_a_connection(name); }});
    }
    return bench::run_figures(argc, argv, figures);
}

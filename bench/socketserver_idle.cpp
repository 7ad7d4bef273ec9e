// SPDX-License-Identifier: BSL-1.0
// Claim: what a connection that waits costs a server in resident memory, stacks included, without what the kernel keeps for
// it: what the server grew by for each connection after the first, each of which has echoed once.
#include "socketserver/servers.h"
#include "support/echo_server.h"
#include "support/figures.h"
#include "support/load.h"

#include <array>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace {

using bench::Limits;
using bench::Server;

// A connection keeps a thread of a pool as long as it lasts; the first one is not counted.
constexpr int many = 10000, few = 1000, threads = few + 1;

void echo_once(int fd) {
    std::array<std::byte, 64> out{}, in{};
    bench::must(static_cast<int>(::send(fd, out.data(), out.size(), MSG_NOSIGNAL)), "send");
    if (::recv(fd, in.data(), in.size(), MSG_WAITALL) != static_cast<ssize_t>(in.size()))
        throw std::runtime_error("no echo");
}

double bytes_a_connection(const Server& server, int connections) {
    std::vector<int> fds;
    double before = 0;
    for (int i = 0; i <= connections; ++i) {
        fds.push_back(bench::connect_to(server->where(), SOCK_STREAM));
        echo_once(fds.back());
        if (i == 0) before = server->resident_bytes();
    }
    double grown = server->resident_bytes() - before;
    for (int fd : fds) ::close(fd);
    return grown / connections;
}

bench::Figure figure(const std::string& name, int connections, std::function<Server()> start) {
    return {"idle x " + std::to_string(connections) + ": " + name, -1, "bytes",
            [connections, start = std::move(start)] { return bytes_a_connection(start(), connections); }};
}

}  // namespace

int main(int argc, char** argv) {
    bench::raise_descriptor_limit();
    std::vector<bench::Figure> figures{
        figure("Selector", many, bench::selector_server),
        figure("raw epoll", many, bench::raw_epoll_server),
        figure("Threading", few, bench::threading_server),
        figure("raw threads", few, [] { return bench::raw_thread_server(bench::Calls::fewest); }),
        figure("Pool", few, [] { return bench::pool_server(threads, Limits::usual); }),
        figure("CPython's Threading", few, [] { return bench::python_server("ThreadingTCPServer"); }),
    };
    if (bench::have_poco()) figures.push_back(figure("POCO", few, [] { return bench::poco_server(threads); }));
    return bench::run_figures(argc, argv, figures);
}

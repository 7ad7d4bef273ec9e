// SPDX-License-Identifier: BSL-1.0
// Claim: what socketserver's servers, and a server on a Selector, cost beside what one would write by hand, POCO's
// TCPServer and CPython's socketserver. What counts is the CPU time of all that belongs to a server's process; server and
// client share one core, and both servers of a claim are up. A turn is one request: 64 bytes there and back, over
// connections that stay or over one of its own.
#include "socketserver/servers.h"
#include "support/claims.h"
#include "support/load.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/socket.h>

namespace {

using bench::Calls;
using bench::Claim;
using bench::Limits;
using bench::Server;
using bench::Side;

constexpr double raw_goal = 1.05;
constexpr double peer_goal = 1;
constexpr int most_pairs = 60;
constexpr double window_ns = 30e6;

enum class Manner { echo, a_connection_each };

/// How requests come, and how many connections there are at a time.
struct Shape {
    Manner manner;
    int connections;
};
constexpr Shape echoes{Manner::echo, 50}, connections{Manner::a_connection_each, 16};

using Start = std::function<Server()>;

/// A server and what asks it, begun when they are needed.
class Contestant {
public:
    Contestant(Start start, Shape shape) : start_(std::move(start)), shape_(shape) {}

    Contestant& started() {
        if (server_) return *this;
        server_ = start_();
        bench::LoadShape load{shape_.connections, 64, 1};
        load_ = shape_.manner == Manner::echo ? bench::echo_load(server_->where(), SOCK_STREAM, load)
                                              : bench::connection_load(server_->where(), load);
        return *this;
    }

    void run(long requests) { load_->run(requests); }
    double cpu_ns() const { return server_->cpu_ns(); }

private:
    Start start_;
    Shape shape_;
    Server server_;
    std::unique_ptr<bench::Load> load_;
};

Side side(Start start, Shape shape) {
    auto contestant = std::make_shared<Contestant>(std::move(start), shape);
    return {[contestant](long requests) { contestant->started().run(requests); },
            [contestant] { return contestant->started().cpu_ns(); }};
}

Claim claim(std::string name, double goal, Shape shape, Start ours, Start theirs) {
    return {std::move(name), goal,     0, side(std::move(ours), shape), side(std::move(theirs), shape),
            most_pairs,      window_ns};
}

std::string text(Shape shape) { return shape.manner == Manner::echo ? "echo x 50: " : "accept echo close x 16: "; }

/// Threads and workers are as many as there are connections: a connection keeps one as long as it lasts.
void add_pools(std::vector<Claim>& all, Shape shape) {
    auto count = static_cast<std::size_t>(shape.connections);
    Start pool = [count] { return bench::pool_server(count, Limits::usual); };
    Start bare_pool = [count] { return bench::pool_server(count, Limits::none); };
    Start prefork = [count] { return bench::prefork_server(count, Limits::usual); };
    Start bare_prefork = [count] { return bench::prefork_server(count, Limits::none); };
    Start poco = [shape] { return bench::poco_server(shape.connections); };
    Start raw = [] { return bench::raw_thread_server(Calls::fewest); };
    if (bench::have_poco()) {
        all.push_back(claim(text(shape) + "Pool / POCO", peer_goal, shape, pool, poco));
        all.push_back(claim(text(shape) + "Pool without limits / POCO", peer_goal, shape, bare_pool, poco));
        all.push_back(claim(text(shape) + "Prefork / POCO", 0, shape, prefork, poco));
        all.push_back(claim(text(shape) + "Prefork without limits / POCO", 0, shape, bare_prefork, poco));
    } else {
        all.push_back(claim(text(shape) + "Pool / raw threads", 0, shape, pool, raw));
        all.push_back(claim(text(shape) + "Prefork / raw threads", 0, shape, prefork, raw));
    }
}

std::vector<Claim> claims() {
    Start threading = bench::threading_server, forking = bench::forking_server, selector = bench::selector_server;
    Start raw_epoll = bench::raw_epoll_server;
    Start raw_threads = [] { return bench::raw_thread_server(Calls::fewest); };
    Start same_threads = [] { return bench::raw_thread_server(Calls::as_ours); };
    Start python_threading = [] { return bench::python_server("ThreadingTCPServer"); };
    Start python_forking = [] { return bench::python_server("ForkingTCPServer"); };
    std::vector<Claim> all;
    for (Shape shape : {echoes, connections}) {
        auto add = [&](const char* name, double goal, Start ours, Start theirs) {
            all.push_back(claim(text(shape) + name, goal, shape, std::move(ours), std::move(theirs)));
        };
        add("raw threads / itself", 0, raw_threads, raw_threads);
        add("Threading / raw threads", raw_goal, threading, raw_threads);
        add("Threading / raw, the same calls", 0, threading, same_threads);
        add("raw epoll / itself", 0, raw_epoll, raw_epoll);
        add("Selector / raw epoll", raw_goal, selector, raw_epoll);
        add_pools(all, shape);
        add("Threading / CPython", 0, threading, python_threading);
        if (shape.manner == Manner::a_connection_each) add("Forking / CPython", 0, forking, python_forking);
    }
    return all;
}

}  // namespace

int main(int argc, char** argv) { return bench::run_claims(argc, argv, claims); }

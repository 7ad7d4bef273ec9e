// SPDX-License-Identifier: BSL-1.0
// Claim: an echo server of coroutines costs what a loop over epoll(7) or io_uring(7) by hand does. What counts is the CPU
// time of the server's process; server and client share one core, so that nobody is woken across cores, and both servers
// of a claim are up. A turn is one request and its echo.
#include "support/claims.h"
#include "support/echo_server.h"
#include "support/load.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/socket.h>

namespace {

using bench::Claim;
using bench::EchoServer;
using bench::Load;
using bench::LoadShape;
using bench::Side;
using bench::Transport;

constexpr double window_ns = 30e6;
constexpr int most_pairs = 60;

enum class Manner { echo, a_connection_each, discard };

struct Row {
    std::string name;
    Transport transport;
    Manner manner;
    LoadShape shape;
    // The most that one may be of the other; 0 for a row that is only shown.
    double ring, epoll, uring_to_epoll, asio_coroutines, asio_callbacks;
};

/// One server and what asks it, begun when it is needed.
class Contestant {
public:
    Contestant(std::string server, const Row& row) : name_(std::move(server)), row_(row) {}

    Contestant& started() {
        if (server_) return *this;
        server_ = std::make_unique<EchoServer>(name_, row_.transport, row_.manner == Manner::discard ? "discard" : "");
        int kind = row_.transport == Transport::udp ? SOCK_DGRAM : SOCK_STREAM;
        switch (row_.manner) {
            case Manner::echo: load_ = bench::echo_load(server_->where(), kind, row_.shape); break;
            case Manner::a_connection_each: load_ = bench::connection_load(server_->where(), row_.shape); break;
            case Manner::discard: load_ = bench::discard_load(server_->where(), row_.shape); break;
        }
        return *this;
    }

    Load& load() { return *load_; }
    clockid_t clock() const { return server_->clock(); }

private:
    std::string name_;
    Row row_;
    std::unique_ptr<EchoServer> server_;
    std::unique_ptr<Load> load_;
};

Side side(const std::string& server, const Row& row) {
    auto contestant = std::make_shared<Contestant>(server, row);
    return {[contestant](long turns) { contestant->started().load().run(turns); },
            [contestant] { return bench::clock_ns(contestant->started().clock()); }};
}

const std::vector<Row>& rows() {
    using enum Manner;
    constexpr auto tcp = Transport::tcp, local = Transport::unix_stream;
    static const std::vector<Row> all = {
        // by connections, and by requests on their way on each
        {"echo tcp 64 B x 1", tcp, echo, {1, 64, 1}, 1.05, 1.05, 0, 0, 0},
        {"echo tcp 64 B x 50", tcp, echo, {50, 64, 1}, 1.05, 1.05, 0, 0.80, 0.85},
        {"echo tcp 64 B x 1000", tcp, echo, {1000, 64, 1}, 1.05, 1.05, 1.00, 0, 0},
        {"echo tcp 64 B x 50 x 16", tcp, echo, {50, 64, 16}, 1.05, 1.05, 0, 0, 0},
        {"echo tcp 16 KiB x 50", tcp, echo, {50, 16384, 1}, 1.00, 1.05, 0, 0, 0},
        {"echo tcp 24 KiB x 50", tcp, echo, {50, 24576, 1}, 0, 1.05, 0, 0, 0},  // more than a buffer of the ring holds
        {"accept echo close x 64", tcp, a_connection_each, {64, 64, 1}, 0, 1.03, 1.03, 0, 0},
        {"echo unix 64 B x 50", local, echo, {50, 64, 1}, 1.05, 0, 0.95, 0.60, 0.65},
        {"echo udp 64 B x 16 x 4", Transport::udp, echo, {16, 64, 4}, 1.05, 1.05, 0, 0.66, 0.75},
        {"discard tcp 64 KiB", tcp, discard, {1, 65536, 1}, 0, 1.00, 1.00, 0.65, 0.65},
    };
    return all;
}

Claim claim(const Row& row, const char* what, double goal, const char* ours, const char* theirs) {
    return {row.name + ", " + what, goal, 0, side(ours, row), side(theirs, row), most_pairs, window_ns};
}

std::vector<Claim> claims() {
    bench::raise_descriptor_limit();
    std::vector<Claim> all;
    const Row& usual = rows()[1];
    all.push_back(claim(usual, "raw epoll / itself", 0, "raw-epoll", "raw-epoll"));
    for (const Row& row : rows()) {
        all.push_back(claim(row, "uring / raw ring", row.ring, "bight-uring", "raw-ring"));
        all.push_back(claim(row, "epoll / raw epoll", row.epoll, "bight-epoll", "raw-epoll"));
        all.push_back(claim(row, "uring / raw epoll", row.uring_to_epoll, "bight-uring", "raw-epoll"));
    }
    for (const Row& row : rows()) {
        bool is_tcp = row.name == usual.name, is_unix = row.transport == Transport::unix_stream;
        if (row.asio_coroutines > 0)
            all.push_back(claim(row, "uring / Asio coroutines", row.asio_coroutines, "bight-uring", "asio-coroutines"));
        if (row.asio_callbacks > 0)
            all.push_back(claim(row, "uring / Asio callbacks", row.asio_callbacks, "bight-uring", "asio-callbacks"));
        if (!is_tcp && !is_unix) continue;
#if __has_include(<uv.h>)
        all.push_back(claim(row, "uring / libuv", 1.00, "bight-uring", "libuv"));
#endif
        if (bench::has_go()) all.push_back(claim(row, "uring / Go", 1.00, "bight-uring", "go"));
        all.push_back(claim(row, "uring / asyncio", 1.00, "bight-uring", "asyncio"));
        if (bench::has_uvloop()) all.push_back(claim(row, "uring / uvloop", 1.00, "bight-uring", "uvloop"));
    }
    return all;
}

}  // namespace

int main(int argc, char** argv) { return bench::run_claims(argc, argv, claims); }

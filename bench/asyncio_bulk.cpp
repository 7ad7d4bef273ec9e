// SPDX-License-Identifier: BSL-1.0
// Claim: what moves much at once costs little of it. Trains of datagrams cost a fifth, at the most, of datagrams one by one;
// pump() costs less than reading and writing. What counts is the CPU time of the server's process, as in asyncio_echo. A
// turn is a datagram of 1200 bytes, or 64 KiB of a stream, and its echo.
#include "support/claims.h"
#include "support/echo_server.h"
#include "support/load.h"

#include <memory>
#include <string>
#include <vector>

#include <sys/socket.h>

namespace {

using bench::Claim;
using bench::EchoServer;
using bench::Load;
using bench::Side;
using bench::Transport;

constexpr double window_ns = 30e6;
constexpr int most_pairs = 60;

struct Asked {
    Asked(const std::string& name, const std::string& service)
        : server(name, service == "pump" || service == "echo" ? Transport::tcp : Transport::udp, service) {
        if (service == "pump" || service == "echo")
            load = bench::echo_load(server.where(), SOCK_STREAM, {2, std::size_t{64} << 10, 8});
        else
            load = bench::train_load(server.where(), {2, 1200, 32});
    }

    EchoServer server;
    std::unique_ptr<Load> load;
};

/// The server is begun when it is needed.
Side side(const std::string& name, const std::string& service) {
    auto asked = std::make_shared<std::unique_ptr<Asked>>();
    auto begun = [=]() -> Asked& {
        if (!*asked) *asked = std::make_unique<Asked>(name, service);
        return **asked;
    };
    return {[begun](long turns) { begun().load->run(turns); },
            [begun] { return bench::clock_ns(begun().server.clock()); }};
}

Claim claim(const std::string& name, double goal, const Side& ours, const Side& theirs) {
    return {name, goal, 0, ours, theirs, most_pairs, window_ns};
}

std::vector<Claim> claims() {
    std::vector<Claim> all;
    for (const std::string engine : {"uring", "epoll"}) {
        std::string ours = "bight-" + engine;
        all.push_back(claim("udp 1200 B x 32, trains / single datagrams, " + engine, 0.2, side(ours, "trains"),
                            side(ours, "datagrams")));
        all.push_back(claim("udp 1200 B x 32, trains, " + engine + " / raw", 1.05, side(ours, "trains"),
                            side("raw-epoll", "trains")));
        all.push_back(
            claim("tcp 64 KiB x 8, pump / read and write, " + engine, 1.00, side(ours, "pump"), side(ours, "echo")));
        all.push_back(claim("tcp 64 KiB x 8, pump, " + engine + " / raw splice", 1.05, side(ours, "pump"),
                            side("raw-epoll", "pump")));
    }
    return all;
}

}  // namespace

int main(int argc, char** argv) { return bench::run_claims(argc, argv, claims); }

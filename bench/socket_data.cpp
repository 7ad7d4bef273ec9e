// SPDX-License-Identifier: BSL-1.0
// Claim: a Socket's data calls cost what the system calls cost. One thread sends on one end of a connection and
// receives on the other; the raw side does the same on the same descriptors, and looks at its errors as well.
#include <bight/socket.h>

#include "support/claims.h"
#include "support/sockets.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <vector>

namespace {

using bench::Claim;
using bench::must;
using bench::Side;
using namespace std::chrono_literals;

constexpr double call_goal = 1.02;
constexpr int call_instructions = 60;

template <class Turn>
Side repeat(Turn turn) {
    return [turn](long turns) {
        for (long i = 0; i < turns; ++i) turn();
    };
}

/// A connection with memory to send from and to receive into.
struct Line {
    Line(bench::Ends ends, std::size_t size)
        : left(bight::Socket::adopt(ends.left)), right(bight::Socket::adopt(ends.right)), out(size), in(size) {}

    bight::Socket left, right;
    std::vector<std::byte> out, in;
};
using LinePtr = std::shared_ptr<Line>;

// ---- One side's part of a turn. ----------------------------------------------------------------------------------------

std::size_t raw_send(int fd, const std::vector<std::byte>& out) {
    return static_cast<std::size_t>(must(static_cast<int>(::send(fd, out.data(), out.size(), MSG_NOSIGNAL)), "send"));
}

void raw_recv(int fd, std::vector<std::byte>& in, std::size_t expected) {
    for (std::size_t got = 0; got < expected;)
        got += static_cast<std::size_t>(must(static_cast<int>(::recv(fd, in.data(), in.size(), 0)), "recv"));
}

void recv_into(Line& line, std::size_t expected) {
    for (std::size_t got = 0; got < expected;) got += line.right.recv_into(line.in).size();
}

void recv(Line& line, std::size_t expected) {
    for (std::size_t got = 0; got < expected;) got += line.right.recv(line.in.size()).size();
}

Side raw_exchange(const LinePtr& line) {
    return repeat([line, from = line->left.fileno(), to = line->right.fileno()] {
        raw_recv(to, line->in, raw_send(from, line->out));
    });
}

// ---- Claims about streams. ---------------------------------------------------------------------------------------------

Claim exchange(const std::string& name, bench::Ends ends, std::size_t size, bight::Timeout timeout = {}) {
    auto line = std::make_shared<Line>(ends, size);
    line->left.settimeout(timeout);
    line->right.settimeout(timeout);
    return {"send + recv_into, " + name, call_goal, 2 * call_instructions,
            repeat([line] { recv_into(*line, line->left.send(line->out)); }), raw_exchange(line)};
}

/// The other half of the exchange is raw on both sides: what is left is the cost of one call.
Claim send_alone() {
    auto line = std::make_shared<Line>(bench::unix_stream(), 64);
    auto ours = [line, to = line->right.fileno()] { raw_recv(to, line->in, line->left.send(line->out)); };
    return {"send alone, unix 64 B", 0, call_instructions, repeat(ours), raw_exchange(line)};
}

Claim recv_into_alone() {
    auto line = std::make_shared<Line>(bench::unix_stream(), 64);
    auto ours = [line, from = line->left.fileno()] { recv_into(*line, raw_send(from, line->out)); };
    return {"recv_into alone, unix 64 B", 0, call_instructions, repeat(ours), raw_exchange(line)};
}

/// The raw side receives into one buffer for ever; recv() takes one from the thread's store and gives it back.
Claim recv_buffer(const std::string& name, bench::Ends ends, std::size_t size) {
    auto line = std::make_shared<Line>(ends, size);
    return {"send + recv(n), " + name, 0, 0, repeat([line] { recv(*line, line->left.send(line->out)); }),
            raw_exchange(line)};
}

Claim sendall(const std::string& name, bench::Ends ends, std::size_t size) {
    auto line = std::make_shared<Line>(ends, size);
    auto ours = [line] {
        line->left.sendall(line->out);
        recv_into(*line, line->out.size());
    };
    return {"sendall + recv_into, " + name, call_goal, 2 * call_instructions, repeat(ours), raw_exchange(line)};
}

/// Nothing has come, and the socket may not wait: the error as a value, against errno.
Claim would_block() {
    auto line = std::make_shared<Line>(bench::unix_stream(), 64);
    line->right.setblocking(false);
    auto ours = [line] {
        if (auto got = line->right.try_recv_into(line->in); got || got.error().number() != EAGAIN) std::abort();
    };
    auto theirs = [line, fd = line->right.fileno()] {
        if (::recv(fd, line->in.data(), line->in.size(), 0) >= 0 || errno != EAGAIN) std::abort();
    };
    return {"try_recv_into that would block, unix", 0, 0, repeat(ours), repeat(theirs)};
}

// ---- Claims about datagrams. -------------------------------------------------------------------------------------------

struct Post {
    explicit Post(bench::Ports ports)
        : from(bight::Socket::adopt(ports.from)),
          to(bight::Socket::adopt(ports.to)),
          raw_peer(ports.where),
          peer(to.getsockname()) {}

    bight::Socket from, to;
    bench::Where raw_peer;
    bight::Address peer;
    std::array<std::byte, 64> out{}, in{};
};

Claim datagrams() {
    auto post = std::make_shared<Post>(bench::udp_loopback());
    auto ours = [post] {
        post->from.sendto(post->out, post->peer);
        if (post->to.recvfrom_into(post->in).data.size() != post->in.size()) std::abort();
    };
    auto theirs = [post, from = post->from.fileno(), to = post->to.fileno()] {
        must(static_cast<int>(::sendto(from, post->out.data(), post->out.size(), MSG_NOSIGNAL,
                                       reinterpret_cast<sockaddr*>(&post->raw_peer.address), post->raw_peer.size)),
             "sendto");
        sockaddr_storage sender;
        socklen_t size = sizeof sender;
        if (::recvfrom(to, post->in.data(), post->in.size(), 0, reinterpret_cast<sockaddr*>(&sender), &size) != 64)
            std::abort();
    };
    return {"sendto + recvfrom_into, udp 64 B", call_goal, 0, repeat(ours), repeat(theirs)};
}

/// How far the ratio of two equal sides is from one: what no row below it can be better than.
Claim yardstick() {
    auto line = std::make_shared<Line>(bench::unix_stream(), 64);
    return {"the raw side against itself, unix 64 B", 0, 0, raw_exchange(line), raw_exchange(line)};
}

std::vector<Claim> claims() {
    using bench::tcp_loopback;
    using bench::unix_stream;
    constexpr std::size_t small = 64, large = std::size_t{16} << 10;
    return {
        yardstick(),
        exchange("unix 64 B", unix_stream(), small),
        exchange("unix 16 KiB", unix_stream(), large),
        exchange("tcp 64 B", tcp_loopback(), small),
        exchange("tcp 16 KiB", tcp_loopback(), large),
        exchange("unix 64 B, timeout 5 s", unix_stream(), small, 5s),
        exchange("tcp 64 B, timeout 5 s", tcp_loopback(), small, 5s),
        send_alone(),
        recv_into_alone(),
        sendall("unix 64 B", unix_stream(), small),
        sendall("tcp 16 KiB", tcp_loopback(), large),
        datagrams(),
        recv_buffer("unix 64 B", unix_stream(), small),
        recv_buffer("unix 16 KiB", unix_stream(), large),
        would_block(),
    };
}

}  // namespace

int main(int argc, char** argv) { return bench::run_claims(argc, argv, claims); }

// SPDX-License-Identifier: BSL-1.0
// Claim: sendmsg() and recvmsg_into() cost what the system calls cost, with and without ancillary data; and accept()
// costs what accept4(2) costs. As in socket_data.cpp: one thread, both sides on the same descriptors.
#include <bight/message.h>
#include <bight/socket.h>

#include "support/claims.h"
#include "support/sockets.h"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <unistd.h>

namespace {

using bench::Claim;
using bench::must;
using bench::Side;

constexpr double message_goal = 1.02;
constexpr double accept_goal = 1.03;
constexpr std::size_t size = 64;

template <class Turn>
Side repeat(Turn turn) {
    return [turn](long turns) {
        for (long i = 0; i < turns; ++i) turn();
    };
}

/// Two ends with memory in two pieces; `peer` is where the raw side sends datagrams to.
struct Line {
    explicit Line(bench::Ends ends) : left(bight::Socket::adopt(ends.left)), right(bight::Socket::adopt(ends.right)) {}

    bight::Socket left, right;
    std::array<std::byte, size> out{}, in{};
    bight::Address peer;
    bench::Where raw_peer{};
};
using LinePtr = std::shared_ptr<Line>;

LinePtr line_of(bench::Ends ends) { return std::make_shared<Line>(ends); }

// ---- One side's part of a turn. ----------------------------------------------------------------------------------------

void raw_sendmsg(Line& line, const void* control = nullptr, std::size_t control_size = 0) {
    std::array<iovec, 2> pieces{{{line.out.data(), size / 2}, {line.out.data() + size / 2, size / 2}}};
    msghdr header{};
    header.msg_name = line.raw_peer.size ? &line.raw_peer.address : nullptr;
    header.msg_namelen = line.raw_peer.size;
    header.msg_iov = pieces.data();
    header.msg_iovlen = pieces.size();
    header.msg_control = const_cast<void*>(control);
    header.msg_controllen = control_size;
    if (::sendmsg(line.left.fileno(), &header, MSG_NOSIGNAL) != static_cast<ssize_t>(size)) std::abort();
}

/// With the sender's address, as ours; returns the first descriptor that came, or -1.
int raw_recvmsg(Line& line, void* control = nullptr, std::size_t control_size = 0) {
    std::array<iovec, 2> pieces{{{line.in.data(), size / 2}, {line.in.data() + size / 2, size / 2}}};
    sockaddr_storage sender;
    msghdr header{};
    header.msg_name = &sender;
    header.msg_namelen = sizeof sender;
    header.msg_iov = pieces.data();
    header.msg_iovlen = pieces.size();
    header.msg_control = control;
    header.msg_controllen = control_size;
    if (::recvmsg(line.right.fileno(), &header, MSG_CMSG_CLOEXEC) != static_cast<ssize_t>(size)) std::abort();
    if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) std::abort();
    for (cmsghdr* item = CMSG_FIRSTHDR(&header); item; item = CMSG_NXTHDR(&header, item)) {
        if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
        int fd;
        std::memcpy(&fd, CMSG_DATA(item), sizeof fd);
        return fd;
    }
    return -1;
}

void our_sendmsg(Line& line, bight::Bytes ancillary = {}) {
    bight::Bytes data(line.out);
    if (line.left.sendmsg({data.slice(0, size / 2), data.slice(size / 2)}, ancillary, 0, line.peer) != size)
        std::abort();
}

bight::MessageInto our_recvmsg(Line& line, std::size_t ancillary_size = 0) {
    bight::MutableBytes data(line.in);
    std::array<bight::MutableBytes, 2> pieces{data.first(size / 2), data.last(size / 2)};
    auto message = line.right.recvmsg_into(pieces, ancillary_size);
    if (message.size != size || message.flags & (MSG_TRUNC | MSG_CTRUNC)) std::abort();
    return message;
}

// ---- Claims. -----------------------------------------------------------------------------------------------------------

Claim messages(const std::string& name, const LinePtr& line) {
    auto ours = [line] {
        our_sendmsg(*line);
        (void)our_recvmsg(*line);
    };
    auto theirs = [line] {
        raw_sendmsg(*line);
        (void)raw_recvmsg(*line);
    };
    return {"sendmsg + recvmsg_into, " + name, message_goal, 240, repeat(ours), repeat(theirs)};
}

/// The other half of the exchange is raw on both sides: what is left is the cost of one call.
Claim sendmsg_alone(const LinePtr& line) {
    auto ours = [line] {
        our_sendmsg(*line);
        (void)raw_recvmsg(*line);
    };
    auto theirs = [line] {
        raw_sendmsg(*line);
        (void)raw_recvmsg(*line);
    };
    return {"sendmsg alone, unix 64 B", 0, 120, repeat(ours), repeat(theirs)};
}

Claim recvmsg_into_alone(const LinePtr& line) {
    auto ours = [line] {
        raw_sendmsg(*line);
        (void)our_recvmsg(*line);
    };
    auto theirs = [line] {
        raw_sendmsg(*line);
        (void)raw_recvmsg(*line);
    };
    return {"recvmsg_into alone, unix 64 B", 0, 120, repeat(ours), repeat(theirs)};
}

/// recvmsg() takes memory from the thread's store; the raw side has its own for ever.
Claim buffers(const LinePtr& line) {
    auto ours = [line] {
        our_sendmsg(*line);
        if (line->right.recvmsg(size).data.size() != size) std::abort();
    };
    auto theirs = [line] {
        raw_sendmsg(*line);
        (void)raw_recvmsg(*line);
    };
    return {"sendmsg + recvmsg(n), unix 64 B", 0, 0, repeat(ours), repeat(theirs)};
}

/// One descriptor there, as a duplicate, which is closed at once.
Claim descriptors(const LinePtr& line) {
    auto builder = std::make_shared<bight::AncillaryBuilder>();
    std::array<int, 1> one{line->left.fileno()};
    builder->fds(one);
    auto ours = [line, builder] {
        our_sendmsg(*line, *builder);
        auto message = our_recvmsg(*line, CMSG_SPACE(sizeof(int)));
        if (message.ancillary.empty()) std::abort();
    };
    auto theirs = [line, builder] {
        raw_sendmsg(*line, builder->data(), builder->size());
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control;
        int fd = raw_recvmsg(*line, control.data(), control.size());
        if (fd < 0 || ::close(fd) != 0) std::abort();
    };
    return {"sendmsg + recvmsg_into, a descriptor, unix", message_goal, 0, repeat(ours), repeat(theirs)};
}

LinePtr udp() {
    auto ports = bench::udp_loopback();
    auto line = line_of({ports.from, ports.to});
    line->peer = line->right.getsockname();
    line->raw_peer = ports.where;
    return line;
}

/// The client is raw on both sides, and resets, so that no port is left to wait.
int raw_connect(const bench::Where& where) {
    int fd = must(::socket(where.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    linger reset{1, 0};
    must(::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), "setsockopt");
    must(::connect(fd, reinterpret_cast<const sockaddr*>(&where.address), where.size), "connect");
    return fd;
}

Claim accepting(const std::string& name, int descriptor) {
    auto where = bench::bound_to(descriptor);
    auto listener = std::make_shared<bight::Socket>(bight::Socket::adopt(descriptor));
    auto ours = [listener, where] {
        int client = raw_connect(where);
        auto [server, peer] = listener->accept();
        server.close();
        ::close(client);
    };
    auto theirs = [fd = listener->fileno(), listener, where] {
        int client = raw_connect(where);
        sockaddr_storage peer;
        socklen_t length = sizeof peer;
        int server = must(::accept4(fd, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_CLOEXEC), "accept4");
        ::close(server);
        ::close(client);
    };
    return {"accept + close, " + name, accept_goal, 0, repeat(ours), repeat(theirs)};
}

int unix_listener() {
    int fd = must(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    sockaddr_un nameless{};
    nameless.sun_family = AF_UNIX;
    must(::bind(fd, reinterpret_cast<const sockaddr*>(&nameless), sizeof(sa_family_t)), "bind");  // a name of its own
    must(::listen(fd, 16), "listen");
    return fd;
}

std::vector<Claim> claims() {
    return {
        messages("unix 64 B", line_of(bench::unix_stream())),
        messages("tcp 64 B", line_of(bench::tcp_loopback())),
        messages("udp 64 B", udp()),
        sendmsg_alone(line_of(bench::unix_stream())),
        recvmsg_into_alone(line_of(bench::unix_stream())),
        descriptors(line_of(bench::unix_stream())),
        buffers(line_of(bench::unix_stream())),
        accepting("tcp", bench::listen_on_loopback(16)),
        accepting("unix", unix_listener()),
    };
}

}  // namespace

int main(int argc, char** argv) { return bench::run_claims(argc, argv, claims); }

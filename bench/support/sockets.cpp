// SPDX-License-Identifier: BSL-1.0
#include "support/sockets.h"

#include <cerrno>
#include <system_error>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

namespace bench {
namespace {

int bound_to_loopback(int kind) {
    int fd = must(::socket(AF_INET, kind | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
    return fd;
}

}  // namespace

int must(int answer, const char* call) {
    if (answer < 0) throw std::system_error(errno, std::generic_category(), call);
    return answer;
}

Ends unix_stream() {
    int fds[2];
    must(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), "socketpair");
    return {fds[0], fds[1]};
}

Where bound_to(int fd) {
    Where where{{}, sizeof(sockaddr_storage)};
    must(::getsockname(fd, reinterpret_cast<sockaddr*>(&where.address), &where.size), "getsockname");
    return where;
}

int listen_on_loopback(int backlog) {
    int listener = bound_to_loopback(SOCK_STREAM);
    must(::listen(listener, backlog), "listen");
    return listener;
}

Ends tcp_loopback() {
    int listener = listen_on_loopback(1);
    Where where = bound_to(listener);
    int left = must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    must(::connect(left, reinterpret_cast<sockaddr*>(&where.address), where.size), "connect");
    int right = must(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC), "accept4");
    ::close(listener);
    for (int fd : {left, right}) {
        int on = 1;
        must(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
    }
    return {left, right};
}

Ports udp_loopback() {
    int from = bound_to_loopback(SOCK_DGRAM), to = bound_to_loopback(SOCK_DGRAM);
    return {from, to, bound_to(to)};
}

}  // namespace bench

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

socklen_t address_of(int fd, sockaddr_storage& address) {
    socklen_t size = sizeof address;
    must(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
    return size;
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

Ends tcp_loopback() {
    int listener = bound_to_loopback(SOCK_STREAM);
    must(::listen(listener, 1), "listen");
    sockaddr_storage address{};
    socklen_t size = address_of(listener, address);
    int left = must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    must(::connect(left, reinterpret_cast<sockaddr*>(&address), size), "connect");
    int right = must(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC), "accept4");
    ::close(listener);
    for (int fd : {left, right}) {
        int on = 1;
        must(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
    }
    return {left, right};
}

Ports udp_loopback() {
    Ports ports{bound_to_loopback(SOCK_DGRAM), bound_to_loopback(SOCK_DGRAM), {}, 0};
    ports.size = address_of(ports.to, ports.address);
    return ports;
}

}  // namespace bench

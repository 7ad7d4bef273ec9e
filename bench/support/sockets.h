// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/socket.h>

namespace bench {

/// Two plain descriptors that are connected to each other; the caller's to close.
struct Ends {
    int left;
    int right;
};

Ends unix_stream();
Ends tcp_loopback();  // both with TCP_NODELAY

/// An address as the kernel writes it.
struct Where {
    sockaddr_storage address;
    socklen_t size;
};

Where bound_to(int fd);
int listen_on_loopback(int backlog);

/// Two UDP ports of the loopback, and the address of the second one.
struct Ports {
    int from;
    int to;
    Where where;
};

Ports udp_loopback();

/// Raises std::system_error for an answer below zero.
int must(int answer, const char* call);

}  // namespace bench

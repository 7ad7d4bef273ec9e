// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/sockets.h"

#include <cstddef>
#include <memory>

namespace bench {

struct LoadShape {
    int connections = 1;
    std::size_t size = 64;  // of a request, and of its echo
    int depth = 1;          // requests on their way on a connection
};

/// A client that never lets the server starve, nor asks more than it was told: what is asked next is asked when an answer
/// has come. Of one thread; all that it has to do is handed to the kernel in one call, so that a server on the same core
/// finds it all at once. Every byte that comes back is compared. Raises std::runtime_error where one is wrong or missing.
class Load {
public:
    virtual ~Load() = default;

    /// Asks `requests` times, and waits for all answers.
    virtual void run(long requests) = 0;
};

/// Requests over connections that stay; `kind` is SOCK_STREAM or SOCK_DGRAM.
std::unique_ptr<Load> echo_load(const Where& server, int kind, LoadShape shape);

/// A TCP connection for each request, `shape.connections` of them at a time.
std::unique_ptr<Load> connection_load(const Where& server, LoadShape shape);

/// One connection, `shape.size` bytes a request, to a server that throws them away; run() ends when it has read all.
std::unique_ptr<Load> discard_load(const Where& server, LoadShape shape);

/// Trains of `shape.depth` datagrams, one on its way on each connection, to a server that echoes them, as trains or not.
/// A request is a datagram.
std::unique_ptr<Load> train_load(const Where& server, LoadShape shape);

/// A connection that is the caller's to close.
int connect_to(const Where& server, int kind);

}  // namespace bench

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "socketserver/child.h"

#include <cstddef>
#include <memory>

namespace bench {

// Servers that echo what they read, 4 KiB at a time, until the client has ended its side. Each listens on a port of
// the loopback that the kernel chose.

using Server = std::unique_ptr<ServerChild>;

inline constexpr int server_backlog = 4096;
inline constexpr std::size_t server_read_size = 4096;

// ---- bight's. ----------------------------------------------------------------------------------------------------------

Server threading_server();
Server forking_server();

enum class Limits { usual, none };
Server pool_server(std::size_t threads, Limits limits);
Server prefork_server(std::size_t workers, Limits limits);

/// A loop by hand over a Selector.
Server selector_server();

// ---- By hand, as one would who wants it fast. --------------------------------------------------------------------------

enum class Calls {
    fewest,
    as_ours,  // polls before it accepts, ends its side and looks for bytes that are left before it closes
};
Server raw_thread_server(Calls calls);
Server raw_epoll_server();

// ---- Others. -----------------------------------------------------------------------------------------------------------

/// Whether the build found POCO; without it there is no server of its.
bool have_poco();

/// POCO's TCPServer.
Server poco_server(int threads);

/// CPython 3.11's socketserver.`name`: "ThreadingTCPServer" or "ForkingTCPServer".
Server python_server(const char* name);

}  // namespace bench

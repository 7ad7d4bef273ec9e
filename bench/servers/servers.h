// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

// What the program `echo_server` consists of: the same services in several manners, each in a file of its own.
namespace bench {

enum class Service { echo, discard, datagrams, trains, pump };

/// What a read asks for at the most, in the servers that have one buffer for all connections.
inline constexpr std::size_t read_size = std::size_t{64} << 10;

// Each serves on `fd`, a listener or a bound UDP socket, until the process is killed.

void serve_bight_uring(Service service, int fd);
void serve_bight_epoll(Service service, int fd);
void serve_raw_epoll(Service service, int fd);
void serve_raw_ring(Service service, int fd);
void serve_asio_callbacks(Service service, int fd);
void serve_asio_coroutines(Service service, int fd);
void serve_libuv(Service service, int fd);

// Echoes alone; what they need may be missing, and then they raise.
void serve_go(Service service, int fd);
void serve_asyncio(Service service, int fd);
void serve_uvloop(Service service, int fd);

}  // namespace bench

// SPDX-License-Identifier: BSL-1.0
/// The calls of a Socket as something to wait for: loop.sock_recv() and its like. Each wants a socket that does not block,
/// setblocking(false), and raises ValueError for another; it must stay where it is, and open, meanwhile. One task receives
/// at a time, one sends. New code takes a Stream or a Datagram instead: they need fewer calls of the kernel.
#pragma once

#include <bight/address.h>
#include <bight/asyncio/task.h>
#include <bight/buffer.h>
#include <bight/bytes.h>
#include <bight/file_descriptor.h>
#include <bight/socket.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace bight::asyncio {

/// Waits for data: at most `size` bytes, nothing at the end of the stream.
Task<Buffer> sock_recv(Socket& socket, std::size_t size);

/// The same into memory that outlives the wait; says how much.
Task<std::size_t> sock_recv_into(Socket& socket, MutableBytes memory);

/// Waits for a datagram.
Task<bight::Datagram> sock_recvfrom(Socket& socket, std::size_t size);
Task<bight::DatagramInto> sock_recvfrom_into(Socket& socket, MutableBytes memory);

/// Sends all of `data`, which outlives the wait. Cancelled or failed, some of it was sent.
Task<> sock_sendall(Socket& socket, Bytes data);

/// Sends one datagram.
Task<std::size_t> sock_sendto(Socket& socket, Bytes data, Address peer);

/// Waits until it is connected. A name is to be resolved before. Cancelled, the socket is good for closing only.
Task<> sock_connect(Socket& socket, Address where);

/// Waits for a connection; its socket does not block either.
Task<Accepted> sock_accept(Socket& listener);

/// Sends a file from `offset` on, `count` bytes or all there are, and says how much that was. Where the kernel cannot
/// move it, it is read and sent. ValueError for a count of 0, and for what is no stream.
Task<std::uint64_t> sock_sendfile(Socket& socket, const FileDescriptor& file, std::uint64_t offset = 0,
                                  std::optional<std::uint64_t> count = {});

}  // namespace bight::asyncio

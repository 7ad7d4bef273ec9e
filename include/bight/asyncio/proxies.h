// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/stream.h>
#include <bight/asyncio/task.h>
#include <bight/proxy_protocol.h>
#include <bight/time.h>

#include <cstddef>

namespace bight::asyncio {

/// Reads the header in front of a connection, all of it within `limit`, and not a byte of what follows. Whether the peer is
/// one that may speak for others is to be asked before: socketserver::TrustedProxies. `connection` must outlive the wait.
/// Raises proxy_protocol::Error, TimeoutError, ConnectionAbortedError for a peer that ends before, OSError; then, and where
/// it is cancelled, the connection is good for closing only.
Task<proxy_protocol::Header> read_proxy_header(Stream& connection, Duration limit,
                                               std::size_t longest = proxy_protocol::default_limit);

}  // namespace bight::asyncio

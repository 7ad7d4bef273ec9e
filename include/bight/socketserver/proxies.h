// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/ipaddress/address_set.h>
#include <bight/proxy_protocol.h>
#include <bight/socket.h>
#include <bight/time.h>

#include <chrono>
#include <cstddef>
#include <memory>

namespace bight::socketserver {

// ---- Behind a proxy that says who the client is: bight/proxy_protocol.h. -----------------------------------------------

/// Who may say for whom it speaks. There is no default, for whoever may say it can be anybody.
///
///     auto proxies = std::make_shared<const TrustedProxies>(TrustedProxies{.networks = {"10.0.0.0/8"_net}});
///     ThreadingTCPServer<Hello> server({"", 80}, {.proxies = proxies});
///
/// A server of streams with these in its options wants a header in front of every connection. A peer that is not trusted
/// is shut down when it is accepted, and counted, and nothing that it sends is read. For others the header is read where the handler
/// runs, before its setup(): client_address is then the client's and proxy_header says the rest. verify_request() still
/// sees the proxy. A header that is wrong, or not whole in time, is an error of its request, which goes to handle_error().
struct TrustedProxies {
    ipaddress::AddressSet networks{};  // IPv4 peers of an IPv6 socket count as IPv4
    bool unix_peers = false;           // whoever can connect to the server's path
    Duration header_limit = std::chrono::seconds(3);
    std::size_t longest_header = proxy_protocol::default_limit;  // of version 2

    bool trusts(const Address& peer) const;
};

/// Reads the header in front of a connection, all of it within `limit`, and not a byte of what follows, whatever the
/// mode of the socket. Raises proxy_protocol::Error, TimeoutError, ConnectionAbortedError for a peer that ends before,
/// OSError.
proxy_protocol::Header read_proxy_header(Socket& connection, Duration limit,
                                         std::size_t longest = proxy_protocol::default_limit);

}  // namespace bight::socketserver

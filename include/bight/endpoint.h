// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>

#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bight {

/// The ways an endpoint's text can begin.
enum class Scheme { tcp, udp, tls, unix_stream, unix_datagram, fd, systemd, stdio };

/// Where to listen or to connect, as text: the one grammar of the library and the tool.
///
///     tcp:HOST:PORT  udp:HOST:PORT  tls:HOST:PORT    IPv6 in brackets; digits alone after the scheme are a port
///     HOST:PORT                                      as tcp:
///     tcp://HOST:PORT                                as tcp:, and so for the others
///     unix:/path  unix:@abstract  unixgram:/path     streams, datagrams
///     fd:3  systemd:NAME  stdio:
///
/// then any number of `:key=value`. A backslash takes the meaning from a colon, as in Twisted's strings.
struct Endpoint {
    Scheme scheme = Scheme::tcp;
    std::string host;  // of tcp, udp, tls; empty if only a port was given
    int port = 0;
    std::string path;  // of unix and unixgram, with a leading '@' for an abstract name; the name of systemd
    int fd = -1;
    std::vector<std::pair<std::string, std::string>> options;

    /// Raises ValueError that says which part is wrong; OverflowError for a port out of range.
    static Endpoint parse(std::string_view text);

    /// What parse() reads.
    std::string to_string() const;

    /// Where it is, for the schemes that have hosts or paths; raises ValueError for the others.
    HostPort where() const;

    /// The endpoint that stands for an address: a port of the loopback as "tcp:127.0.0.1:80", a path as "unix:/run/x".
    static Endpoint of(Scheme scheme, const Address& address);

    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

std::ostream& operator<<(std::ostream& out, const Endpoint& endpoint);

}  // namespace bight

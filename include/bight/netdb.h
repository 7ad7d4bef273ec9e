// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/error.h>
#include <bight/resolver.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Names of hosts, services and protocols: the older calls of Python's socket module. Each may wait for the system's
/// resolver, and may be used from any number of threads.
///
/// A name with a NUL raises ValueError, and so does a host for which getaddrinfo() does: nothing is ever cut short.
namespace bight::socket {

// ---- Hosts. ------------------------------------------------------------------------------------------------------------

/// What is known of a host; both lists may be empty.
struct HostEntry {
    std::string name;  // the canonical one
    std::vector<std::string> aliases;
    std::vector<std::string> addresses;  // as text
};

std::string gethostname();

/// Needs the right to administer the system. Raises PermissionError.
void sethostname(std::string_view name);

/// The first IPv4 address of `host`, as text. "" is 0.0.0.0 and "<broadcast>" 255.255.255.255. Raises GaiError.
std::string gethostbyname(std::string_view host);

/// All that is known of `host`; IPv4 only. Raises GaiError where it has no address, HError where the rest is unknown.
HostEntry gethostbyname_ex(std::string_view host);

/// The names of the host with this IPv4 or IPv6 address, or of a host known by another name.
/// Raises GaiError for what is no host, HError where the address has no name.
HostEntry gethostbyaddr(std::string_view host);

/// The first name with a dot among the names of `host`, or of this host where it is "", "0.0.0.0" or "::". Where none has
/// a dot, the canonical name: that of 127.0.0.1 is mostly "localhost". Where nothing is known, `host` itself.
std::string getfqdn(std::string_view host = {});

// ---- Services and protocols. -------------------------------------------------------------------------------------------

/// The port of "http". Unset, the protocol may be any; otherwise it is "tcp" or "udp". Raises OSError where unknown.
int getservbyname(std::string_view service, std::optional<std::string_view> protocol = std::nullopt);

/// The service of port 80. Raises OSError where unknown, OverflowError outside 0..65535.
std::string getservbyport(int port, std::optional<std::string_view> protocol = std::nullopt);

/// The number of "icmp". Raises OSError where unknown.
int getprotobyname(std::string_view protocol);

// ---- From an address to text. ------------------------------------------------------------------------------------------

struct NameInfo {
    std::string host;
    std::string service;
};

/// The names of an address, or its numbers where there are none; `flags` are NI_… of <netdb.h>. The scope of an IPv6
/// address comes as "%interface". Raises GaiError.
NameInfo getnameinfo(const Address& address, int flags = 0);

}  // namespace bight::socket

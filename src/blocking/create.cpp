// SPDX-License-Identifier: BSL-1.0
#include <bight/socket.h>

#include "blocking/deadline.h"
#include "blocking/or_raise.h"
#include "blocking/resolve_one.h"
#include "blocking/socket_state.h"

#include <cerrno>
#include <optional>

namespace bight::socket {
namespace {

Family family_of(const HostPort& where, const ServerOptions& options) {
    if (options.family) return *options.family;
    if (where.address()) return where.address()->family();
    return options.dualstack_ipv6 ? Family::inet6 : Family::inet;
}

struct Failure {
    int errnum;
    std::string context;
};

/// One attempt of create_connection(). `deadline` is what is left of the whole.
std::expected<Socket, Failure> connect_to(const AddrInfo& candidate, const Deadline& deadline,
                                          const ConnectionOptions& options) {
    auto fail = [&](Errno error, const char* what) {
        return std::unexpected(Failure{error.number(), what + candidate.address.to_string()});
    };
    auto opened = open_socket(candidate.family, candidate.kind, candidate.proto, deadline.left());
    if (!opened) return fail(opened.error(), "socket for ");
    SocketState& state = *SocketAccess::state(*opened);
    if (options.source_address)
        if (auto bound = sys::bind(state.fd.get(), *options.source_address); !bound)
            return fail(bound.error(), "bind before connecting to ");
    if (auto connected = state.connect(candidate.address); !connected) return fail(connected.error(), "connect to ");
    if (auto set = state.set_timeout(options.timeout); !set)
        return fail(set.error(), "settimeout after connecting to ");
    return std::move(*opened);
}

std::vector<AddrInfo> candidates_of(const HostPort& where) {
    if (const Address* address = where.address()) return {AddrInfo{address->family(), Kind::stream, 0, {}, *address}};
    return getaddrinfo(where.host(), where.port(), {Family::unspecified, Kind::stream, 0, 0});
}

}  // namespace

Socket create_server(const HostPort& where, const ServerOptions& options) {
    Family family = family_of(where, options);
    if (options.dualstack_ipv6 && family != Family::inet6) throw ValueError("dualstack_ipv6 requires an IPv6 address");
    Socket server(family, Kind::stream);
    // Without it a port stays taken for minutes after its server has ended; a live listener keeps it all the same.
    if (options.reuse_address && family != Family::unix_domain) server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    if (options.reuse_port) server.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1);
    if (family == Family::inet6) server.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, options.dualstack_ipv6 ? 0 : 1);
    server.bind(resolve_one(where, family, Kind::stream, 0));
    server.listen(options.backlog);
    return server;
}

Socket create_connection(const HostPort& where, const ConnectionOptions& options) {
    if (options.timeout && *options.timeout < Duration::zero()) throw ValueError("Timeout value out of range");
    Deadline deadline(options.timeout);
    std::optional<Failure> last;
    for (const auto& candidate : candidates_of(where)) {
        auto connected = connect_to(candidate, deadline, options);
        if (connected) return std::move(*connected);
        last = std::move(connected.error());
        if (deadline.left() == Duration::zero()) break;
    }
    if (!last) throw OSError(EHOSTUNREACH, "getaddrinfo returns an empty list");
    raise_os_error(last->errnum, last->context);
}

SocketPair socketpair(Family family, Kind kind, int proto) {
    bool never_wait = (kind.value & SOCK_NONBLOCK) != 0;
    Kind plain = kind.value & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    Timeout timeout = never_wait ? Timeout(Duration::zero()) : getdefaulttimeout();
    Kind asked = plain.value | (timeout ? SOCK_NONBLOCK : 0);
    auto [first, second] = or_raise(sys::socketpair(family, asked, proto), "socketpair");
    sys::Fd one(first), other(second);
    return {SocketAccess::make(std::move(one), family, plain, proto, timeout, timeout.has_value()),
            SocketAccess::make(std::move(other), family, plain, proto, timeout, timeout.has_value())};
}

bool unlink_stale(const Address& path, Kind kind) {
    auto name = path.path();
    if (name.empty() || name.front() == '\0') return true;  // no file stands for it
    auto before = sys::identify(name.c_str());
    if (!before) {
        if (before.error() == std::errc::no_such_file_or_directory) return true;
        raise_os_error(before.error(), "look at " + name);
    }
    if (!before->is_socket) return false;
    // Only a refusal proves that nobody listens any more; a full backlog, say, does not.
    auto probe = or_raise(open_socket(Family::unix_domain, kind, 0, Duration::zero()), "socket");
    auto answer = probe.try_connect(path);
    if (answer || answer.error() != std::errc::connection_refused) return false;
    auto after = sys::identify(name.c_str());
    if (!after || after->inode != before->inode || after->device != before->device) return !after;
    or_raise(sys::unlink(name.c_str()), [&] { return "unlink " + name; });
    return true;
}

}  // namespace bight::socket

// SPDX-License-Identifier: BSL-1.0
#include <bight/socket.h>

#include "blocking/connect_race.h"
#include "blocking/deadline.h"
#include "blocking/or_raise.h"
#include "blocking/resolve_one.h"
#include "blocking/socket_state.h"
#include "values/port.h"

#include <cerrno>
#include <exception>

namespace bight::socket {
namespace {

Family family_of(const HostPort& where, const ServerOptions& options) {
    if (options.family) return *options.family;
    if (where.address()) return where.address()->family();
    return options.dualstack_ipv6 ? Family::inet6 : Family::inet;
}

std::vector<AddrInfo> candidates_of(const HostPort& where, const ConnectionOptions& options) {
    if (const Address* address = where.address()) return {AddrInfo{address->family(), Kind::stream, 0, {}, *address}};
    require_name(where.host());
    auto found = getaddrinfo(where.host(), where.port(), {Family::unspecified, Kind::stream, 0, 0});
    return options.happy_eyeballs_delay ? interleave_families(std::move(found)) : found;
}

[[noreturn]] void raise_failures(const HostPort& where, const std::vector<ConnectionAttempt>& failures, bool all) {
    auto one = [](const ConnectionAttempt& attempt) { return "connect to " + attempt.address.to_string(); };
    if (all) {
        std::vector<std::exception_ptr> errors;
        for (const auto& failure : failures) try {
                raise_os_error(failure.errnum, one(failure));
            } catch (...) {
                errors.push_back(std::current_exception());
            }
        throw ExceptionGroup("create_connection failed", std::move(errors));
    }
    if (failures.empty()) throw OSError(EHOSTUNREACH, "getaddrinfo returns an empty list");
    if (failures.size() == 1) raise_os_error(failures.front().errnum, one(failures.front()));
    std::string context = "connect to " + where.to_string() + " (";
    for (const auto& failure : failures)
        context += (&failure == &failures.front() ? "" : "; ") + failure.address.to_string() + ": " +
                   Errno(failure.errnum).message();
    raise_os_error(failures.back().errnum, context + ')');
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
    server.bind(resolve_one(where, family));
    server.listen(options.backlog);
    return server;
}

Socket create_connection(const HostPort& where, const ConnectionOptions& options) {
    if (options.timeout && *options.timeout < Duration::zero()) throw ValueError("Timeout value out of range");
    auto candidates = candidates_of(where, options);
    Deadline deadline(options.timeout);
    ConnectRace race(options, deadline);
    auto connected = race.run(candidates);
    if (options.failures) *options.failures = race.failures();
    if (!connected) raise_failures(where, race.failures(), options.all_errors);
    return std::move(*connected);
}

SocketPair socketpair(Family family, Kind kind, int proto) {
    bool never_wait = (kind.value & SOCK_NONBLOCK) != 0;
    Kind plain = kind.value & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    Timeout timeout = never_wait ? Timeout(Duration::zero()) : getdefaulttimeout();
    Kind asked = plain.value | (timeout ? SOCK_NONBLOCK : 0);
    auto [first, second] = or_raise(sys::socketpair(family, asked, proto), "socketpair");
    FileDescriptor one(first), other(second);
    return {SocketAccess::make(std::move(one), family, plain, proto, timeout, timeout.has_value()),
            SocketAccess::make(std::move(other), family, plain, proto, timeout, timeout.has_value())};
}

int dup(int fd) { return or_raise(sys::duplicate(fd), "dup"); }

Socket fromfd(int fd, Family family, Kind kind, int proto) {
    if (fd < 0) throw ValueError("negative file descriptor");
    FileDescriptor copy(dup(fd));
    auto socket = Socket::adopt(copy.fileno(), family, kind, proto);
    (void)copy.detach();
    return socket;
}

void close(int fd) {
    auto closed = sys::close(fd);
    // As Socket::close(): closed all the same after EINTR, and a reset by the peer does no harm to it.
    if (!closed && closed.error().number() != EINTR && closed.error().number() != ECONNRESET)
        raise_os_error(closed.error(), "close");
}

bool has_dualstack_ipv6() noexcept {
    auto fd = sys::socket(Family::inet6, Kind::stream, 0);
    if (!fd) return false;
    FileDescriptor probe(*fd);
    return sys::setsockopt_int(probe.fileno(), IPPROTO_IPV6, IPV6_V6ONLY, 0).has_value();
}

bool unlink_stale(const Address& path, Kind kind) {
    auto name = path.path();
    if (name.empty() || name.front() == '\0') return true;  // no file stands for it
    auto before = sys::identify(name.c_str());
    if (!before) {
        if (before.error() == std::errc::no_such_file_or_directory) return true;
        raise_os_error(before.error(), "look at " + name);
    }
    if (!before->is_socket || before->owner != sys::user()) return false;
    // Only a refusal proves that nobody listens any more; a full backlog, say, does not.
    auto probe = or_raise(open_socket(Family::unix_domain, kind, 0, Duration::zero()), "socket");
    auto answer = probe.try_connect(path);
    if (answer || answer.error() != std::errc::connection_refused) return false;
    auto after = sys::identify(name.c_str());
    if (!after) return after.error() == std::errc::no_such_file_or_directory;
    if (after->inode != before->inode || after->device != before->device) return false;  // somebody else was quicker
    or_raise(sys::unlink(name.c_str()), [&] { return "unlink " + name; });
    return true;
}

}  // namespace bight::socket

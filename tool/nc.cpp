// SPDX-License-Identifier: BSL-1.0
#include "nc.h"

#include "exit_code.h"
#include "hex_dump.h"
#include "listen.h"
#include "nc_datagrams.h"
#include "relay.h"
#include "stop_signals.h"
#include "talk.h"

#include <bight/endpoint.h>
#include <bight/error.h>
#include <bight/proxy_protocol.h>
#include <bight/resolver.h>
#include <bight/select.h>
#include <bight/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

namespace bight::tool {
namespace {

using namespace std::chrono_literals;

Scheme with_datagrams(Scheme scheme) {
    if (scheme == Scheme::tcp) return Scheme::udp;
    return scheme == Scheme::unix_stream ? Scheme::unix_datagram : scheme;
}

Endpoint endpoint_of(const NcOptions& options) {
    Endpoint endpoint;
    auto& first = options.where.front();
    if (options.where.size() == 2) {
        if (options.unix_socket) throw ValueError("-U takes one path, or @name");
        endpoint = parse_endpoint(options.where[1]);  // digits alone are a port
        if (endpoint.scheme != Scheme::tcp || options.where[1].find(':') != std::string::npos)
            throw ValueError("'" + options.where[1] + "' is no port");
        bool is_bracketed = first.size() > 2 && first.front() == '[' && first.back() == ']';
        endpoint.host = is_bracketed ? first.substr(1, first.size() - 2) : first;
    } else if (options.unix_socket && !first.starts_with("unix")) {
        endpoint.scheme = Scheme::unix_stream;
        endpoint.path = first;
    } else {
        endpoint = parse_endpoint(first);
    }
    if (options.udp) endpoint.scheme = with_datagrams(endpoint.scheme);
    (void)endpoint.where();  // raises for what cannot be an address
    return endpoint;
}

/// Datagrams know no end: a second without an answer stands for it.
RelayOptions options_of(const Endpoint& endpoint, const NcOptions& options) {
    RelayOptions result{options.timeout, options.timeout, is_datagram(endpoint)};
    if (is_datagram(endpoint) && !options.listen && !options.timeout) result.silence_after_input = 1s;
    return result;
}

void check(const Endpoint& endpoint, const NcOptions& options) {
    bool has_source = options.source || options.source_port, sends_to_group = options.ttl || options.no_loop;
    if (options.listen && (has_source || sends_to_group))
        throw ValueError("-s, -p, --ttl and --no-loop are for connecting; with -l, WHERE says it all");
    if (options.proxy_protocol && (options.listen || is_datagram(endpoint)))
        throw ValueError("--proxy-protocol is for connecting, by a stream");
    if (options.keep && (!options.listen || is_datagram(endpoint)))
        throw ValueError("-k is for -l and streams; who listens for datagrams takes them all");
    if (is_unix(endpoint) && options.source_port) throw ValueError("-p is a port, and a Unix socket has none");
    if (endpoint.scheme != Scheme::udp && (options.interface || sends_to_group))
        throw ValueError("--interface, --ttl and --no-loop are for groups, over UDP");
}

/// Where to connect from, for a socket of this family; unset where the kernel may choose.
std::optional<Address> source_of(const Endpoint& endpoint, const NcOptions& options, Family family) {
    if (!options.source && !options.source_port) return std::nullopt;
    Endpoint source = endpoint;
    source.port = options.source_port.value_or(0);
    source.host = options.source.value_or(family == Family::inet6 ? "::" : "0.0.0.0");
    source.path = options.source.value_or("");
    return resolved(source, family);
}

/// Says, as a proxy would, who the client is: this end itself.
Socket introduced(Socket socket, const NcOptions& options) {
    if (options.proxy_protocol == 0) return socket;
    proxy_protocol::Header header{
        .version = options.proxy_protocol, .source = socket.getsockname(), .destination = socket.getpeername()};
    socket.sendall(header.to_bytes());
    return socket;
}

/// A wire to the peer, and the path that it was bound to.
struct Connected {
    std::unique_ptr<Wire> wire;
    std::optional<BoundPath> path;
};

Connected connect(const Endpoint& endpoint, const NcOptions& options) {
    auto where = endpoint.where();
    if (!is_datagram(endpoint) && !options.source && !options.source_port)
        return {
            std::make_unique<StreamWire>(
                introduced(socket::create_connection(where, {.timeout = options.timeout}), options), where.to_string()),
            {}};
    auto family = Family::unspecified;  // of a name, an address of the source's family is wanted
    if (options.source && !is_unix(endpoint))
        if (HostPort source(*options.source, 0); source.address()) family = source.address()->family();
    auto address = resolved(endpoint, family);
    auto source = source_of(endpoint, options, address.family());
    std::optional<UnixBinding> binding;
    if (source && is_unix(endpoint)) binding.emplace(Endpoint::of(endpoint.scheme, *source));
    bool is_others = binding && std::filesystem::exists(std::filesystem::symlink_status(source->path()));
    try {
        std::unique_ptr<Wire> wire;
        if (is_datagram(endpoint)) {
            wire = datagrams_to(address, source, options);
        } else {
            auto socket = socket::create_connection(address, {.timeout = options.timeout, .source_address = &*source});
            wire = std::make_unique<StreamWire>(introduced(std::move(socket), options), where.to_string());
        }
        return {std::move(wire), source ? std::optional<BoundPath>(*source) : std::nullopt};
    } catch (...) {
        if (source && !is_others) BoundPath left_behind(*source);
        throw;
    }
}

/// relay(), with a dump of it if that is asked for.
int relay_dumped(std::unique_ptr<Wire> wire, std::optional<HexDump>& dump, StopSignals& signals,
                 const RelayOptions& options) {
    if (dump) wire = std::make_unique<DumpedWire>(std::move(wire), *dump);
    return relay(*wire, signals, options);
}

int run_client(const Endpoint& endpoint, const NcOptions& options, std::optional<HexDump>& dump) {
    StopSignals signals;
    std::optional<Connected> connected;
    try {
        ExitOnSignal meanwhile(signals);
        connected.emplace(connect(endpoint, options));
    } catch (const OSError& error) {
        return complain(error, Step::connecting);
    }
    return relay_dumped(std::move(connected->wire), dump, signals, options_of(endpoint, options));
}

/// A socket that listens or is bound, announced on standard error; its path goes when this goes.
struct Bound {
    explicit Bound(const Endpoint& endpoint) : Bound(endpoint.scheme, open_listener(endpoint)) {}
    Bound(Scheme scheme, Socket bound) : socket(std::move(bound)), path(socket.getsockname()) {
        tell("listening on " + Endpoint::of(scheme, socket.getsockname()).to_string());
    }

    Socket socket;
    BoundPath path;
};

/// The number of the signal that came instead of a connection.
std::expected<Accepted, int> accept(Socket& listener, StopSignals& signals, Timeout timeout) {
    listener.setblocking(false);
    while (true) {
        auto ready = select::select({listener, signals}, {}, {}, timeout).readable;
        if (ready.empty()) raise_os_error(ETIMEDOUT, "waiting for a connection");
        if (auto signal = signals.take()) return std::unexpected(*signal);
        auto accepted = listener.try_accept();
        if (accepted) return std::move(*accepted);
        bool gone_meanwhile = accepted.error() == std::errc::resource_unavailable_try_again ||
                              accepted.error() == std::errc::connection_aborted;
        if (!gone_meanwhile) raise_os_error(accepted.error().number(), "accept");
    }
}

int run_stream_server(const Endpoint& endpoint, const NcOptions& options, std::optional<HexDump>& dump) {
    StopSignals signals;
    std::optional<Bound> listener(endpoint);
    while (true) {
        auto accepted = accept(listener->socket, signals, options.timeout);
        if (!accepted) return exit_code::signalled + accepted.error();
        if (!options.keep) listener.reset();
        int code;
        try {
            auto wire = std::make_unique<StreamWire>(std::move(accepted->socket), accepted->peer.to_string());
            code = relay_dumped(std::move(wire), dump, signals, options_of(endpoint, options));
        } catch (const OSError& error) {
            code = complain(error);
        }
        if (!options.keep || code > exit_code::signalled) return code;
    }
}

int run_datagram_server(const Endpoint& endpoint, const NcOptions& options, std::optional<HexDump>& dump) {
    StopSignals signals;
    std::optional<Address> group;
    if (endpoint.scheme == Scheme::udp)
        if (auto address = resolved(endpoint); is_group(address)) group = address;
    if (options.interface && !group)
        throw ValueError("--interface is for groups, and " + endpoint.to_string() + " is none");
    Bound port = group ? Bound(endpoint.scheme, join(*group, options)) : Bound(endpoint);
    return relay_dumped(std::make_unique<DatagramWire>(std::move(port.socket)), dump, signals,
                        options_of(endpoint, options));
}

}  // namespace

int run_nc(const NcOptions& options) {
    auto endpoint = endpoint_of(options);
    check(endpoint, options);
    std::optional<HexDump> dump;
    if (!options.hex_dump.empty()) dump.emplace(options.hex_dump);
    if (!options.listen) return run_client(endpoint, options, dump);
    return is_datagram(endpoint) ? run_datagram_server(endpoint, options, dump)
                                 : run_stream_server(endpoint, options, dump);
}

}  // namespace bight::tool

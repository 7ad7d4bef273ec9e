// SPDX-License-Identifier: BSL-1.0
#include "nc.h"

#include "exit_code.h"
#include "listen.h"
#include "relay.h"
#include "stop_signals.h"
#include "talk.h"

#include <bight/endpoint.h>
#include <bight/error.h>
#include <bight/resolver.h>
#include <bight/select.h>
#include <bight/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
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
    if (options.where.size() > 2) throw ValueError("nc takes HOST PORT or one ENDPOINT, and no more");
    Endpoint endpoint;
    auto& first = options.where.front();
    if (options.where.size() == 2) {
        if (options.unix_socket) throw ValueError("-U takes one path, or @name");
        endpoint = parse_endpoint(options.where[1]);  // digits alone are a port
        if (endpoint.scheme != Scheme::tcp || options.where[1].find(':') != std::string::npos)
            throw ValueError("'" + options.where[1] + "' is no port");
        endpoint.host = first;
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

Address resolved(const Endpoint& endpoint) {
    auto where = endpoint.where();
    if (where.address()) return *where.address();
    return socket::getaddrinfo(where.host(), where.port(), {.kind = kind_of(endpoint)}).at(0).address;
}

std::unique_ptr<Wire> connect(const Endpoint& endpoint, const NcOptions& options) {
    auto where = endpoint.where();
    if (!is_datagram(endpoint))
        return std::make_unique<StreamWire>(socket::create_connection(where, {.timeout = options.timeout}),
                                            where.to_string());
    auto address = resolved(endpoint);
    Socket socket(address.family(), Kind::datagram);
    if (is_unix(endpoint)) socket.bind(Address::unnamed());  // without a name of its own it could not be answered
    socket.connect(address);
    return std::make_unique<DatagramWire>(std::move(socket), address);
}

int run_client(const Endpoint& endpoint, const NcOptions& options) {
    StopSignals signals;
    std::unique_ptr<Wire> wire;
    try {
        ExitOnSignal meanwhile(signals);
        wire = connect(endpoint, options);
    } catch (const OSError& error) {
        return complain(error, Step::connecting);
    }
    return relay(*wire, signals, options_of(endpoint, options));
}

/// A socket that listens or is bound, announced on standard error; its path goes when this goes.
struct Bound {
    explicit Bound(const Endpoint& endpoint) : socket(open_listener(endpoint)), path(socket.getsockname()) {
        tell("listening on " + Endpoint::of(endpoint.scheme, socket.getsockname()).to_string());
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

int run_stream_server(const Endpoint& endpoint, const NcOptions& options) {
    StopSignals signals;
    std::optional<Bound> listener(endpoint);
    while (true) {
        auto accepted = accept(listener->socket, signals, options.timeout);
        if (!accepted) return exit_code::signalled + accepted.error();
        if (!options.keep) listener.reset();
        int code;
        try {
            StreamWire wire(std::move(accepted->socket), accepted->peer.to_string());
            code = relay(wire, signals, options_of(endpoint, options));
        } catch (const OSError& error) {
            code = complain(error);
        }
        if (!options.keep || code > exit_code::signalled) return code;
    }
}

int run_datagram_server(const Endpoint& endpoint, const NcOptions& options) {
    StopSignals signals;
    Bound port(endpoint);
    DatagramWire wire(std::move(port.socket));
    return relay(wire, signals, options_of(endpoint, options));
}

}  // namespace

int run_nc(const NcOptions& options) {
    auto endpoint = endpoint_of(options);
    if (!options.listen) return run_client(endpoint, options);
    return is_datagram(endpoint) ? run_datagram_server(endpoint, options) : run_stream_server(endpoint, options);
}

}  // namespace bight::tool

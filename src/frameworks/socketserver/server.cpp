// SPDX-License-Identifier: BSL-1.0
#include <bight/printable.h>
#include <bight/socketserver.h>

#include "blocking/deadline.h"
#include "blocking/or_raise.h"
#include "blocking/resolve_one.h"
#include "blocking/socket_state.h"
#include "frameworks/socketserver/control.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <iostream>

namespace bight::socketserver {
namespace {

// A request that cannot be taken, for want of descriptors say, stays announced: without a pause the loop would spin.
constexpr Duration pause_after_failure = std::chrono::milliseconds(100);

/// Whether the request was there and is not any more: accept(2)'s errors of the connection, and those of datagrams.
bool has_gone_away(int errnum) {
    switch (errnum) {
        case EAGAIN:
        case ECONNABORTED:
        case ECONNREFUSED:
        case ECONNRESET:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ENETDOWN:
        case ENETUNREACH:
        case ENONET:
        case ENOPROTOOPT:
        case EPERM:
        case EPROTO: return true;
        default: return false;
    }
}

Family family_of(const HostPort& where, const ServerOptions& options) {
    if (options.address_family) return *options.address_family;
    return where.address() ? where.address()->family() : Family::inet;
}

Timeout less(Timeout a, Timeout b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

}  // namespace

// ---- Life. -------------------------------------------------------------------------------------------------------------

BaseServer::BaseServer(const HostPort& where, Kind kind, const ServerOptions& options)
    : options_(options),
      where_(where),
      socket_(family_of(where, options), kind),
      control_(std::make_unique<Control>()) {}

BaseServer::~BaseServer() = default;

void BaseServer::bind_and_activate() {
    try {
        server_bind();
        server_activate();
    } catch (...) {
        server_close();
        throw;
    }
}

void BaseServer::server_bind() {
    bool has_ports = socket_.family() == Family::inet || socket_.family() == Family::inet6;
    if (options_.allow_reuse_address && has_ports) socket_.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    if (options_.allow_reuse_port && has_ports) socket_.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1);
    socket_.bind(where_);
    server_address_ = socket_.getsockname();
}

void BaseServer::server_close() { socket_.close(); }

// ---- The loop. ---------------------------------------------------------------------------------------------------------

void BaseServer::serve_forever(Timeout poll_interval) {
    Control::Serving serving(*control_);
    if (!serving) return;
    while (!control_->stop_requested() && !control_->stopping()) {
        if (control_->wait(socket_.fileno(), poll_interval) == Control::Woken::by_request) handle_request_noblock();
        if (control_->stop_requested()) break;
        service_actions();
    }
    if (control_->stopping()) serve_pending();
}

void BaseServer::shutdown() { control_->stop(); }

bool BaseServer::wait_for(int fd, Timeout limit) {
    (void)control_->wait(fd, limit);
    return control_->draining() ? !control_->forced() : !control_->stop_requested();
}

void BaseServer::forget_parent() noexcept {
    control_->forget_parent();
    // Of a stream the child needs its connection only; kept, the port would be taken for as long as it lives.
    if (socket_.fileno() >= 0 && socket_.kind() != Kind::datagram) (void)SocketAccess::state(socket_)->close();
}

void BaseServer::handle_request() {
    Timeout limit = less(socket_.gettimeout(), timeout);
    if (auto ready = wait_until_ready(socket_.fileno(), POLLIN, Deadline(limit)); ready)
        return handle_request_noblock();
    else if (ready.error() != std::errc::timed_out)
        raise_os_error(ready.error(), "handle_request");
    handle_timeout();
}

void BaseServer::handle_request_noblock() {
    Incoming incoming;
    try {
        incoming = get_request();
    } catch (const OSError& error) {
        if (!has_gone_away(error.errnum())) control_->pause(pause_after_failure);
        return;
    }
    auto& [request, client_address] = incoming;
    bool verified = false;
    try {
        verified = verify_request(request, client_address);
    } catch (...) {
        control_->count_refused();
        return request_failed(request, client_address);
    }
    if (verified) return process_counted(request, client_address);
    control_->count_refused();
    shutdown_request(request);
}

void BaseServer::process_counted(Request& request, const Address& client_address) {
    {
        Control::Processing processing(*control_, request.socket);
        try {
            process_request(request, client_address);
        } catch (...) {
            request_failed(request, client_address);
        }
    }
    if (control_->forced()) end_requests();  // what this one has left running began too late to be seen
}

void BaseServer::process_request_thread(BaseServer& server, Request& request, const Address& client_address) {
    try {
        server.finish_request(request, client_address);
    } catch (...) {
        return server.request_failed(request, client_address);
    }
    server.shutdown_request(request);
}

void BaseServer::request_failed(Request& request, const Address& client_address) {
    try {
        throw;
    } catch (const std::exception&) {
        handle_error(request, client_address);
        shutdown_request(request);
    } catch (...) {  // no error of the request: something that ends the program, on its way up
        shutdown_request(request);
        throw;
    }
}

void BaseServer::run_handler(BaseRequestHandler& handler, Request& request, const Address& client_address) {
    struct Lend {  // the handler holds the request while it runs
        Lend(BaseRequestHandler& lent_to, Request& owner) : handler(lent_to), request(owner) {
            handler.request = std::move(request.socket);
            handler.packet = std::move(request.packet);
        }
        ~Lend() {
            request.socket = std::move(handler.request);
            request.packet = std::move(handler.packet);
        }
        BaseRequestHandler& handler;
        Request& request;
    } lend(handler, request);
    handler.client_address = client_address;
    handler.server = this;
    handler.setup();
    try {
        handler.handle();
    } catch (...) {
        handler.finish();  // what it raises takes the place of what handle() raised, as in Python
        throw;
    }
    handler.finish();
}

// ---- The hooks' defaults. ----------------------------------------------------------------------------------------------

bool BaseServer::verify_request(Request&, const Address&) { return true; }

void BaseServer::process_request(Request& request, const Address& client_address) {
    finish_request(request, client_address);
    shutdown_request(request);
}

void BaseServer::handle_error(Request&, const Address& client_address) {
    std::string text = "error while serving " + client_address.to_string();
    try {
        throw;
    } catch (const std::exception& error) {
        text += std::string(": ") + error.what();
    } catch (...) {}
    std::cerr << "bight: " + printable(text) + '\n';
}

// ---- Streams. ----------------------------------------------------------------------------------------------------------

StreamServer::StreamServer(const HostPort& where, const ServerOptions& options)
    : BaseServer(where, Kind::stream, options) {
    if (options.bind_and_activate) bind_and_activate();
}

void StreamServer::server_activate() { socket().listen(options().request_queue_size); }

Incoming StreamServer::get_request() {
    // What was announced can be gone again: then there is nothing to wait for.
    auto [connection, peer] = or_raise(SocketAccess::accept_now(socket()), "accept");
    return {{std::move(connection), {}}, peer};
}

void StreamServer::shutdown_request(Request& request) {
    if (request.socket.fileno() >= 0) (void)sys::shutdown(request.socket.fileno(), SHUT_WR);  // the peer may be gone
    close_request(request);
}

void StreamServer::close_request(Request& request) { request.socket.close(); }

// ---- Datagrams. --------------------------------------------------------------------------------------------------------

DatagramServer::DatagramServer(const HostPort& where, const ServerOptions& options)
    : BaseServer(where, Kind::datagram, options) {
    if (options.bind_and_activate) bind_and_activate();
}

Incoming DatagramServer::get_request() {
    auto [packet, peer] = socket().recvfrom(options().max_packet_size, MSG_DONTWAIT);
    return {{SocketAccess::share(socket()), std::move(packet)}, peer};
}

void DatagramServer::shutdown_request(Request& request) { close_request(request); }

}  // namespace bight::socketserver

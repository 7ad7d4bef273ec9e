// SPDX-License-Identifier: BSL-1.0
#include <bight/printable.h>
#include <bight/socketserver.h>

#include "blocking/deadline.h"
#include "blocking/or_raise.h"
#include "blocking/resolve_one.h"
#include "blocking/socket_state.h"
#include "frameworks/socketserver/control.h"

#include <algorithm>
#include <array>
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

BaseServer::BaseServer(Socket&& socket, Kind kind, const ServerOptions& options)
    : options_(options), control_(std::make_unique<Control>()) {
    if (socket.kind() != kind)
        throw ValueError("the server wants " + kind.to_string() + ", and the socket is " + socket.kind().to_string());
    socket_ = std::move(socket);
}

BaseServer::~BaseServer() = default;

void BaseServer::bind_and_activate() {
    try {
        if (options_.proxies && socket_.kind() != Kind::stream)
            throw ValueError("a server of datagrams knows no proxies");
        server_bind();
        server_activate();
        control_->set_address(socket_.kind(), server_address_);
    } catch (...) {
        server_close();
        throw;
    }
}

void BaseServer::server_bind() {
    if (where_) bind_socket();
    server_address_ = socket_.getsockname();
}

void BaseServer::bind_socket() {
    bool has_ports = socket_.family() == Family::inet || socket_.family() == Family::inet6;
    if (options_.allow_reuse_address && has_ports) socket_.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    if (options_.allow_reuse_port && has_ports) socket_.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1);
    if (options_.unix_mode && socket_.family() == Family::unix_domain)
        or_raise(sys::set_mode(socket_.fileno(), *options_.unix_mode), "fchmod");  // bind(2) gives it to the path
    socket_.bind(*where_);
}

void BaseServer::server_close() { socket_.close(); }

// ---- The loop. ---------------------------------------------------------------------------------------------------------

void BaseServer::serve_forever(Timeout poll_interval) {
    Control::Serving serving(*control_);
    if (!serving) return;
    if (socket_.fileno() >= 0) control_->set_address(socket_.kind(), server_address_);  // of who bound it by hand
    control_->set_poll_interval(poll_interval);
    if (control_->supervisor) return control_->supervisor->serve(poll_interval);
    while (!control_->is_to_end()) {
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

void BaseServer::handle_request() {
    Control::Serving serving(*control_, Control::Serving::one_request);
    if (!serving) throw ClosedError("handle_request");
    Timeout limit = less(socket_.gettimeout(), timeout);
    bool asked = control_->wait_for_one(socket_.fileno(), Deadline(limit)) == Control::Woken::by_request;
    if (asked)
        handle_request_noblock();
    else if (!control_->stopping())
        handle_timeout();
    if (control_->stopping()) serve_pending();
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
    request.refused = is_untrusted(client_address);
    try {
        if (!request.refused) request.refused = !verify_request(request, client_address);
    } catch (...) {
        request.refused = true;
        control_->account().refuse();
        return request_failed(request, client_address);
    }
    if (!request.refused) return process_counted(request, client_address);
    control_->account().refuse();
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
    struct Ends {
        ~Ends() { server.request_ended(); }
        BaseServer& server;
    } ends{server};
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
    handler.accepted = request.accepted;
    if (options_.proxies && !read_proxy_header_for(handler)) return;
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

namespace {

constexpr Duration longest_linger = std::chrono::seconds(1);
constexpr std::size_t most_thrown_away = std::size_t{2} << 20;  // more than clients send before they look for an answer

/// close(2) resets a connection that holds input which nobody has read, and the reset overtakes the answer. So where
/// there is some it is thrown away, until the client has finished too; at most for a second in all, and only so much:
/// a client that goes on sending gets the reset.
void throw_away_input(int fd, Duration longest_wait) {
    std::array<std::byte, 512> scratch;  // small: a new thread's stack is touched no further than it must be
    std::optional<Deadline> deadline;
    std::size_t thrown_away = 0;
    while (thrown_away < most_thrown_away) {
        auto got = sys::recv(fd, scratch, MSG_DONTWAIT);
        bool empty = !got && got.error().number() == EAGAIN;
        if (got ? *got == 0 : !empty) return;
        if (got) thrown_away += *got;
        if (!deadline && empty) return;
        if (!deadline) deadline.emplace(longest_wait);
        if (empty ? !wait_until_ready(fd, POLLIN, *deadline) : deadline->left() == Duration::zero()) return;
    }
}

}  // namespace

// ---- Streams. ----------------------------------------------------------------------------------------------------------

StreamServer::StreamServer(const HostPort& where, const ServerOptions& options)
    : BaseServer(where, Kind::stream, options) {
    if (options.bind_and_activate) bind_and_activate();
}

StreamServer::StreamServer(Socket&& listener, const ServerOptions& options)
    : BaseServer(std::move(listener), Kind::stream, options) {
    if (options.bind_and_activate) bind_and_activate();
}

void StreamServer::server_activate() {
    bool listens = socket().getsockopt(SOL_SOCKET, SO_ACCEPTCONN) != 0;  // its backlog is whoever's who bound it
    if (!listens) socket().listen(options().request_queue_size);
}

Incoming StreamServer::get_request() {
    // What was announced can be gone again: then there is nothing to wait for.
    auto [connection, peer] = or_raise(SocketAccess::accept_now(socket()), "accept");
    return {{std::move(connection), {}}, peer};
}

void StreamServer::shutdown_request(Request& request) {
    if (int fd = request.socket.fileno(); fd >= 0) {
        bool connected = sys::shutdown(fd, SHUT_WR).has_value();  // the peer may be gone
        // Nobody waits for one that was refused, for that is the loop's own time, and there is no answer to be lost.
        auto longest_wait = request.refused ? Duration::zero() : longest_linger;
        if (connected && !SocketAccess::state(request.socket)->ended) throw_away_input(fd, longest_wait);
    }
    close_request(request);
}

void StreamServer::close_request(Request& request) { request.socket.close(); }

// ---- Datagrams. --------------------------------------------------------------------------------------------------------

DatagramServer::DatagramServer(const HostPort& where, const ServerOptions& options)
    : BaseServer(where, Kind::datagram, options) {
    if (options.bind_and_activate) bind_and_activate();
}

DatagramServer::DatagramServer(Socket&& port, const ServerOptions& options)
    : BaseServer(std::move(port), Kind::datagram, options) {
    if (options.bind_and_activate) bind_and_activate();
}

Incoming DatagramServer::get_request() {
    auto [packet, peer] = socket().recvfrom(options().max_packet_size, MSG_DONTWAIT);
    return {{SocketAccess::share(socket()), std::move(packet)}, peer};
}

void DatagramServer::shutdown_request(Request& request) { close_request(request); }

}  // namespace bight::socketserver

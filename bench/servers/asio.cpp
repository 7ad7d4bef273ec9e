// SPDX-License-Identifier: BSL-1.0
// Asio on epoll, as its own examples are written: a session with its buffer for each connection.
#include "servers/servers.h"

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include <asio.hpp>
#include <sys/socket.h>

namespace bench {
namespace {

constexpr std::size_t session_read_size = 16384;

using asio::ip::tcp;
using asio::ip::udp;
using Unix = asio::local::stream_protocol;

void set_nodelay(tcp::socket& socket) {
    asio::error_code error;
    socket.set_option(tcp::no_delay(true), error);
}
void set_nodelay(Unix::socket&) {}

template <class Protocol>
class Session : public std::enable_shared_from_this<Session<Protocol>> {
public:
    Session(typename Protocol::socket socket, Service service) : socket_(std::move(socket)), service_(service) {}

    void read() {
        socket_.async_read_some(asio::buffer(memory_),
                                [self = this->shared_from_this()](asio::error_code error, std::size_t size) {
                                    if (!error) self->service_ == Service::echo ? self->write(size) : self->read();
                                });
    }

private:
    void write(std::size_t size) {
        asio::async_write(socket_, asio::buffer(memory_, size),
                          [self = this->shared_from_this()](asio::error_code error, std::size_t) {
                              if (!error) self->read();
                          });
    }

    typename Protocol::socket socket_;
    Service service_;
    std::array<char, session_read_size> memory_;
};

template <class Protocol>
void accept_next(typename Protocol::acceptor& acceptor, Service service) {
    acceptor.async_accept([&acceptor, service](asio::error_code error, typename Protocol::socket socket) {
        if (!error) {
            set_nodelay(socket);
            std::make_shared<Session<Protocol>>(std::move(socket), service)->read();
        }
        accept_next<Protocol>(acceptor, service);
    });
}

template <class Protocol>
asio::awaitable<void> handle(typename Protocol::socket socket, Service service) {
    std::array<char, session_read_size> memory;
    try {
        while (true) {
            std::size_t size = co_await socket.async_read_some(asio::buffer(memory), asio::use_awaitable);
            if (service == Service::echo)
                co_await asio::async_write(socket, asio::buffer(memory, size), asio::use_awaitable);
        }
    } catch (const std::system_error&) {}  // the end of a connection
}

template <class Protocol>
asio::awaitable<void> accept_all(typename Protocol::acceptor& acceptor, Service service) {
    while (true) {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        set_nodelay(socket);
        asio::co_spawn(acceptor.get_executor(), handle<Protocol>(std::move(socket), service), asio::detached);
    }
}

/// Answers each datagram before it asks for the next.
class Port {
public:
    explicit Port(udp::socket& socket) : socket_(socket) {}

    void receive() {
        socket_.async_receive_from(asio::buffer(memory_), peer_, [this](asio::error_code error, std::size_t size) {
            error ? receive() : answer(size);
        });
    }

private:
    void answer(std::size_t size) {
        socket_.async_send_to(asio::buffer(memory_, size), peer_, [this](asio::error_code, std::size_t) { receive(); });
    }

    udp::socket& socket_;
    udp::endpoint peer_;
    std::array<char, session_read_size> memory_;
};

asio::awaitable<void> echo_datagrams(udp::socket& socket) {
    std::array<char, session_read_size> memory;
    udp::endpoint peer;
    while (true) {
        try {
            std::size_t size = co_await socket.async_receive_from(asio::buffer(memory), peer, asio::use_awaitable);
            co_await socket.async_send_to(asio::buffer(memory, size), peer, asio::use_awaitable);
        } catch (const std::system_error&) {}  // of a client that has gone
    }
}

void serve_datagrams(int fd, bool coroutines) {
    asio::io_context context(1);
    udp::socket socket(context, udp::v4(), fd);
    Port port(socket);
    if (coroutines)
        asio::co_spawn(context, echo_datagrams(socket), asio::detached);
    else
        port.receive();
    context.run();
}

template <class Protocol>
void serve_with(const Protocol& protocol, int fd, Service service, bool coroutines) {
    asio::io_context context(1);
    typename Protocol::acceptor acceptor(context, protocol, fd);
    if (coroutines)
        asio::co_spawn(context, accept_all<Protocol>(acceptor, service), asio::detached);
    else
        accept_next<Protocol>(acceptor, service);
    context.run();
}

void serve(Service service, int fd, bool coroutines) {
    if (service == Service::datagrams) return serve_datagrams(fd, coroutines);
    int domain = 0;
    socklen_t size = sizeof domain;
    ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    if (domain == AF_UNIX)
        serve_with(Unix(), fd, service, coroutines);
    else
        serve_with(tcp::v4(), fd, service, coroutines);
}

}  // namespace

void serve_asio_callbacks(Service service, int fd) { serve(service, fd, false); }
void serve_asio_coroutines(Service service, int fd) { serve(service, fd, true); }

}  // namespace bench

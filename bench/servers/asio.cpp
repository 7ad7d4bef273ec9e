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
using Unix = asio::local::stream_protocol;

void set_nodelay(tcp::socket& socket) {
    asio::error_code error;
    socket.set_option(tcp::no_delay(true), error);
}
void set_nodelay(Unix::socket&) {}

template <class Protocol>
class Session : public std::enable_shared_from_this<Session<Protocol>> {
public:
    explicit Session(typename Protocol::socket socket) : socket_(std::move(socket)) {}

    void read() {
        socket_.async_read_some(asio::buffer(memory_),
                                [self = this->shared_from_this()](asio::error_code error, std::size_t size) {
                                    if (!error) self->write(size);
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
    std::array<char, session_read_size> memory_;
};

template <class Protocol>
void accept_next(typename Protocol::acceptor& acceptor) {
    acceptor.async_accept([&acceptor](asio::error_code error, typename Protocol::socket socket) {
        if (!error) {
            set_nodelay(socket);
            std::make_shared<Session<Protocol>>(std::move(socket))->read();
        }
        accept_next<Protocol>(acceptor);
    });
}

template <class Protocol>
asio::awaitable<void> echo(typename Protocol::socket socket) {
    std::array<char, session_read_size> memory;
    try {
        while (true) {
            std::size_t size = co_await socket.async_read_some(asio::buffer(memory), asio::use_awaitable);
            co_await asio::async_write(socket, asio::buffer(memory, size), asio::use_awaitable);
        }
    } catch (const std::system_error&) {}  // the end of a connection
}

template <class Protocol>
asio::awaitable<void> accept_all(typename Protocol::acceptor& acceptor) {
    while (true) {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        set_nodelay(socket);
        asio::co_spawn(acceptor.get_executor(), echo<Protocol>(std::move(socket)), asio::detached);
    }
}

template <class Protocol>
void serve_with(const Protocol& protocol, int fd, bool coroutines) {
    asio::io_context context(1);
    typename Protocol::acceptor acceptor(context, protocol, fd);
    if (coroutines)
        asio::co_spawn(context, accept_all<Protocol>(acceptor), asio::detached);
    else
        accept_next<Protocol>(acceptor);
    context.run();
}

void serve(int fd, bool coroutines) {
    int domain = 0;
    socklen_t size = sizeof domain;
    ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    if (domain == AF_UNIX)
        serve_with(Unix(), fd, coroutines);
    else
        serve_with(tcp::v4(), fd, coroutines);
}

}  // namespace

void serve_asio_callbacks(Service, int fd) { serve(fd, false); }
void serve_asio_coroutines(Service, int fd) { serve(fd, true); }

}  // namespace bench

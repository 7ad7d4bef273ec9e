// SPDX-License-Identifier: BSL-1.0
// libuv, with one buffer for all connections: what cannot be written at once is copied.
#if __has_include(<uv.h>)
#include "servers/servers.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include <sys/socket.h>
#include <uv.h>

namespace bench {
namespace {

std::array<char, read_size> memory;

union Connection {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
};

void checked(int answer) {
    if (answer < 0) throw std::runtime_error(uv_strerror(answer));
}

void close(uv_stream_t* stream) {
    uv_close(reinterpret_cast<uv_handle_t*>(stream),
             [](uv_handle_t* handle) { delete reinterpret_cast<Connection*>(handle); });
}

void lend(uv_handle_t*, std::size_t, uv_buf_t* buffer) { *buffer = uv_buf_init(memory.data(), memory.size()); }

void write_rest(uv_stream_t* stream, const char* data, std::size_t size) {
    struct Rest {
        uv_write_t request;
        std::string data;
    };
    auto* rest = new Rest{{}, std::string(data, size)};
    auto buffer = uv_buf_init(rest->data.data(), static_cast<unsigned>(size));
    uv_write(&rest->request, stream, &buffer, 1,
             [](uv_write_t* request, int) { delete reinterpret_cast<Rest*>(request); });
}

void read_some(uv_stream_t* stream, ssize_t size, const uv_buf_t* came) {
    if (size < 0) return close(stream);
    if (size == 0) return;
    auto buffer = uv_buf_init(came->base, static_cast<unsigned>(size));
    int sent = uv_try_write(stream, &buffer, 1);
    if (sent == UV_EAGAIN) sent = 0;
    if (sent < 0) return close(stream);
    if (sent < size) write_rest(stream, came->base + sent, static_cast<std::size_t>(size - sent));
}

void accept_one(uv_stream_t* listener, int status) {
    if (status < 0) return;
    auto* connection = new Connection;
    bool is_tcp = listener->type == UV_TCP;
    is_tcp ? uv_tcp_init(listener->loop, &connection->tcp) : uv_pipe_init(listener->loop, &connection->pipe, 0);
    if (uv_accept(listener, &connection->stream) != 0) return close(&connection->stream);
    if (is_tcp) uv_tcp_nodelay(&connection->tcp, 1);
    uv_read_start(&connection->stream, lend, read_some);
}

}  // namespace

void serve_libuv(Service, int fd) {
    int domain = 0;
    socklen_t size = sizeof domain;
    ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    uv_loop_t* loop = uv_default_loop();
    Connection listener;
    if (domain == AF_UNIX) {
        checked(uv_pipe_init(loop, &listener.pipe, 0));
        checked(uv_pipe_open(&listener.pipe, fd));
    } else {
        checked(uv_tcp_init(loop, &listener.tcp));
        checked(uv_tcp_open(&listener.tcp, fd));
    }
    checked(uv_listen(&listener.stream, 4096, accept_one));
    uv_run(loop, UV_RUN_DEFAULT);
}

}  // namespace bench
#endif

// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/socket_calls.h>

#include <bight/asyncio/readiness.h>
#include <bight/asyncio/timeouts.h>
#include <bight/error.h>

#include "asyncio/file_sending.h"

#include <cerrno>
#include <string_view>
#include <type_traits>
#include <utility>

namespace bight::asyncio {
namespace {

void require_nonblocking(const Socket& socket) {
    if (socket.getblocking()) throw ValueError("the socket must be non-blocking");
}

/// False where it is to be waited for; raises any other error.
template <class T>
bool is_done(const Result<T>& result, std::string_view call) {
    if (result) return true;
    int errnum = result.error().number();
    if (errnum != EAGAIN && errnum != EINTR) raise_os_error(errnum, std::string(call));
    return false;
}

/// Whether the task has had its share: then others have their turn first.
bool is_spent() noexcept { return ++detail::running_loop->spent >= detail::budget; }

/// `attempt()` again and again, between waits until the socket is ready, until it brings a value or another error.
template <class Attempt>
auto insist(Socket& socket, std::string_view call, detail::Side side, Attempt attempt)
    -> Task<std::remove_cvref_t<decltype(*attempt())>> {
    require_nonblocking(socket);
    if (is_spent()) co_await sleep(Duration::zero());
    while (true) {
        auto result = attempt();
        if (is_done(result, call)) co_return std::move(*result);
        detail::ReadyWait ready(socket.fileno(), side);
        co_await ready;
    }
}

using detail::Side;

}  // namespace

Task<Buffer> sock_recv(Socket& socket, std::size_t size) {
    return insist(socket, "recv", Side::reading, [&socket, size] { return socket.try_recv(size); });
}

Task<std::size_t> sock_recv_into(Socket& socket, MutableBytes memory) {
    return insist(socket, "recv_into", Side::reading, [&socket, memory]() -> Result<std::size_t> {
        auto part = socket.try_recv_into(memory);
        if (!part) return std::unexpected(part.error());
        return part->size();
    });
}

Task<bight::Datagram> sock_recvfrom(Socket& socket, std::size_t size) {
    return insist(socket, "recvfrom", Side::reading, [&socket, size] { return socket.try_recvfrom(size); });
}

Task<bight::DatagramInto> sock_recvfrom_into(Socket& socket, MutableBytes memory) {
    return insist(socket, "recvfrom_into", Side::reading,
                  [&socket, memory] { return socket.try_recvfrom_into(memory); });
}

Task<> sock_sendall(Socket& socket, Bytes data) {
    require_nonblocking(socket);
    while (!data.empty()) {
        if (is_spent()) co_await sleep(Duration::zero());
        auto sent = socket.try_send(data);
        if (is_done(sent, "send"))
            data = data.slice(*sent);
        else
            co_await writable(socket.fileno());
    }
}

Task<std::size_t> sock_sendto(Socket& socket, Bytes data, Address peer) {
    return insist(socket, "sendto", Side::writing, [&socket, data, peer] { return socket.try_sendto(data, peer); });
}

Task<> sock_connect(Socket& socket, Address where) {
    require_nonblocking(socket);
    int errnum = EAGAIN;
    while (errnum == EAGAIN) {
        auto begun = socket.try_connect(where);
        if (begun) co_return;
        errnum = begun.error().number();
        if (errnum != EINPROGRESS && errnum != EAGAIN && errnum != EINTR)
            raise_os_error(errnum, "connect " + where.to_string());
        // A Unix listener whose queue is full: nothing tells when it has room.
        if (errnum == EAGAIN) co_await sleep(std::chrono::milliseconds(1));
    }
    co_await writable(socket.fileno());
    errnum = socket.getsockopt(SOL_SOCKET, SO_ERROR);
    if (errnum != 0) raise_os_error(errnum, "connect " + where.to_string());
}

Task<Accepted> sock_accept(Socket& listener) {
    auto accepted = co_await insist(listener, "accept", Side::reading, [&listener] { return listener.try_accept(); });
    accepted.socket.setblocking(false);
    co_return accepted;
}

Task<std::uint64_t> sock_sendfile(Socket& socket, const FileDescriptor& file, std::uint64_t offset,
                                  std::optional<std::uint64_t> count) {
    require_nonblocking(socket);
    if (socket.kind() != Kind::stream) throw ValueError("only SOCK_STREAM type sockets are supported");
    detail::FileSending sending(file.fileno(), offset, count);
    bool moves = true;
    while (true) {
        if (moves) moves = sending.move(socket.fileno());
        Bytes piece = sending.read_next(moves);
        if (piece.empty()) co_return sending.sent();
        co_await sock_sendall(socket, piece);
        sending.has_sent(piece.size());
    }
}

}  // namespace bight::asyncio

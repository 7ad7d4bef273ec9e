// SPDX-License-Identifier: BSL-1.0
#include "blocking/socket_state.h"

#include "blocking/deadline.h"
#include "blocking/insist.h"
#include "sys/calls.h"

#include <cerrno>

namespace bight {
// ---- Data. -------------------------------------------------------------------------------------------------------------

Result<void> SocketState::sendall(Bytes& rest, int flags) {
    auto attempt = [&] { return sys::send(fd.get(), rest, flags); };
    auto sent = attempt();
    if (sent && *sent == rest.size()) [[likely]] {
        rest = {};
        return {};
    }
    Deadline deadline(timeout);
    while (true) {
        if (!sent) sent = persist(*this, POLLOUT, flags, deadline, attempt, sent.error());
        if (!sent) return std::unexpected(sent.error());
        rest = rest.slice(*sent);
        if (rest.empty()) return {};
        interrupted();  // a signal may be why only a part was sent: the kernel does not tell
        if (deadline.left() == Duration::zero() && timeout != Duration::zero())
            return std::unexpected(Errno(ETIMEDOUT));
        sent = attempt();
    }
}

// ---- Connections. ------------------------------------------------------------------------------------------------------

Result<int> SocketState::accept(Address& peer) {
    return insist(*this, POLLIN, 0, [&] { return sys::accept(fd.get(), peer); });
}

Result<void> SocketState::connect(const Address& address) {
    Deadline deadline(timeout);
    auto begun = sys::connect(fd.get(), address);
    if (begun) return {};
    int errnum = begun.error().number();
    bool may_wait = timeout != Duration::zero();
    // Interrupted, the kernel goes on connecting: a second connect() would be refused, so its end is waited for.
    if (errnum == EINTR) interrupted();
    if (errnum == EINTR || (errnum == EINPROGRESS && may_wait)) return finish_connect(deadline);
    if (errnum == EAGAIN && family == Family::unix_domain && may_wait) return connect_unix_within(address, deadline);
    return begun;
}

Result<void> SocketState::finish_connect(const Deadline& deadline) {
    if (auto ready = wait_until_ready(fd.get(), POLLOUT, deadline); !ready) return ready;
    auto outcome = sys::getsockopt_int(fd.get(), SOL_SOCKET, SO_ERROR);
    if (!outcome) return std::unexpected(outcome.error());
    if (*outcome != 0 && *outcome != EISCONN) return std::unexpected(Errno(*outcome));
    return {};
}

/// A Unix listener's full backlog gives EAGAIN at once, and nothing to wait for by poll(2). The kernel does wait in a
/// blocking connect(), as long as SO_SNDTIMEO says: it is set for this call.
Result<void> SocketState::connect_unix_within(const Address& address, const Deadline& deadline) {
    auto limit_sending = [this](Timeout limit) {
        auto microseconds = limit ? std::chrono::ceil<std::chrono::microseconds>(*limit).count() : 0;
        timeval value{static_cast<time_t>(microseconds / 1'000'000),
                      static_cast<suseconds_t>(microseconds % 1'000'000)};
        return sys::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, std::as_bytes(std::span(&value, 1)));
    };
    Result<void> connected = sys::set_nonblocking(fd.get(), false);
    while (connected) {
        auto left = deadline.left();
        if (left == Duration::zero()) connected = std::unexpected(Errno(ETIMEDOUT));
        if (connected) connected = limit_sending(left);
        if (!connected) break;
        connected = sys::connect(fd.get(), address);
        if (connected) break;
        if (connected.error().number() == EAGAIN) connected = std::unexpected(Errno(ETIMEDOUT));
        if (connected.error().number() != EINTR) break;
        connected = {};
        interrupted();
    }
    auto restored = limit_sending(std::nullopt);
    if (restored) restored = sys::set_nonblocking(fd.get(), o_nonblock);
    return connected ? restored : connected;
}

// ---- Modes. ------------------------------------------------------------------------------------------------------------

Result<void> SocketState::set_timeout(Timeout limit) noexcept {
    bool wanted = limit.has_value();
    if (wanted != o_nonblock)
        if (auto set = sys::set_nonblocking(fd.get(), wanted); !set) return set;
    o_nonblock = wanted;
    timeout = limit;
    return {};
}

// ---- Ending. -----------------------------------------------------------------------------------------------------------

Result<void> SocketState::close() noexcept {
    std::lock_guard lock(ending);
    return fd.close();
}

int SocketState::release() noexcept {
    std::lock_guard lock(ending);
    return fd.release();
}

void SocketState::abort() noexcept {
    std::lock_guard lock(ending);
    if (fd.is_open()) (void)sys::shutdown(fd.get(), SHUT_RDWR);
}

std::string SocketState::context(std::string_view call, std::string_view preposition) const {
    std::string text(call);
    auto peer = sys::getpeername(fd.get());
    if (peer && !peer->sockaddr().empty()) text.append(" ").append(preposition).append(" ").append(peer->to_string());
    return text;
}

}  // namespace bight

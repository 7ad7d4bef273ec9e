// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "blocking/deadline.h"
#include "blocking/socket_state.h"
#include "sys/calls.h"

#include <cerrno>

namespace bight {

/// Whether a failed attempt may be made again: after a signal; and where it would wait, once the descriptor is ready,
/// unless the mode or the flags say not to wait.
inline bool can_go_on(const SocketState& socket, int flags, Errno error) {
    if (error.number() == EINTR) return true;
    if (error.number() != EAGAIN || (flags & (MSG_DONTWAIT | MSG_ERRQUEUE)) != 0) return false;
    if (socket.timeout) return *socket.timeout != Duration::zero();
    // Blocking, and yet it would wait: the descriptor is non-blocking all the same, or SO_RCVTIMEO has run out.
    return sys::is_nonblocking(socket.fd.fileno()).value_or(false);
}

/// Waits for one call, as often as it takes. There are states that poll(2) calls ready and the call does not, such as
/// a full receiver of Unix datagrams: then it looks again after a while, and does not spin.
class Patience {
public:
    Patience(int fd, short events, const Deadline& deadline) noexcept : fd_(fd), events_(events), deadline_(deadline) {}

    Result<void> wait() {
        if (++waits_ > 2) {
            auto left = deadline_.left();
            if (left == Duration::zero()) return std::unexpected(Errno(ETIMEDOUT));
            Duration pause = std::chrono::milliseconds(1 << (waits_ < 7 ? waits_ - 2 : 5));
            auto paused = sys::poll({}, left && *left < pause ? *left : pause);
            if (!paused && paused.error().number() == EINTR) interrupted();
        }
        return wait_until_ready(fd_, events_, deadline_);
    }

private:
    int fd_;
    short events_;
    const Deadline& deadline_;
    int waits_ = 0;
};

template <class Attempt>
auto persist(const SocketState& socket, short events, int flags, const Deadline& deadline, Attempt attempt, Errno error)
    -> decltype(attempt()) {
    Patience patience(socket.fd.fileno(), events, deadline);
    while (can_go_on(socket, flags, error)) {
        if (error.number() == EINTR)
            interrupted();
        else if (auto ready = patience.wait(); !ready)
            return std::unexpected(ready.error());
        auto result = attempt();
        if (result) return result;
        error = result.error();
    }
    return std::unexpected(error);
}

template <class Attempt>
[[gnu::noinline]] auto persist_within_timeout(const SocketState& socket, short events, int flags, Attempt attempt,
                                              Errno error) -> decltype(attempt()) {
    return persist(socket, events, flags, Deadline(socket.timeout), attempt, error);
}

/// The first attempt is made without looking at the clock: mostly there is no second one, and what leads to it is out
/// of line. `attempt` holds copies: what it had by reference would have to be in memory from the start.
template <class Attempt>
[[gnu::always_inline]] inline auto insist(const SocketState& socket, short events, int flags, Attempt attempt)
    -> decltype(attempt()) {
    auto result = attempt();
    if (result || !can_go_on(socket, flags, result.error())) [[likely]]
        return result;
    return persist_within_timeout(socket, events, flags, attempt, result.error());
}

// ---- The calls that are made most, inline for their callers in this folder. ---------------------------------------------

[[gnu::always_inline]] inline Result<std::size_t> SocketState::recv(MutableBytes memory, int flags) {
    if (memory.empty()) [[unlikely]]
        return 0;  // as in Python: no room, no call
    auto got = sys::recv(fd.fileno(), memory, flags | recv_mode);
    if (got && *got == 0) [[unlikely]]
        ended = true;
    if (got || !can_go_on(*this, flags, got.error())) [[likely]]
        return got;
    return recv_again(memory, flags, got.error());
}

[[gnu::always_inline]] inline Result<std::size_t> SocketState::recvfrom(MutableBytes memory, int flags, Address& peer) {
    return insist(*this, POLLIN, flags,
                  [=, this, &peer] { return sys::recvfrom(fd.fileno(), memory, without_waiting(flags), peer); });
}

[[gnu::always_inline]] inline Result<std::size_t> SocketState::send(Bytes data, int flags) {
    return insist(*this, POLLOUT, flags, [=, this] { return sys::send(fd.fileno(), data, without_waiting(flags)); });
}

[[gnu::always_inline]] inline Result<std::size_t> SocketState::sendto(Bytes data, int flags, const Address& peer) {
    return insist(*this, POLLOUT, flags,
                  [=, this, &peer] { return sys::sendto(fd.fileno(), data, without_waiting(flags), peer); });
}

[[gnu::always_inline]] inline Result<void> SocketState::sendall(Bytes& rest, int flags) {
    auto sent = sys::send(fd.fileno(), rest, without_waiting(flags));
    if (!sent || *sent < rest.size()) [[unlikely]]
        return sendall_after(sent, rest, flags);
    rest = {};
    return {};
}

}  // namespace bight

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
    return error.number() == EAGAIN && socket.o_nonblock && socket.timeout != Duration::zero() &&
           (flags & MSG_DONTWAIT) == 0;
}

template <class Attempt>
auto persist(const SocketState& socket, short events, int flags, const Deadline& deadline, Attempt attempt, Errno error)
    -> decltype(attempt()) {
    while (can_go_on(socket, flags, error)) {
        if (error.number() == EINTR)
            interrupted();
        else if (auto ready = wait_until_ready(socket.fd.get(), events, deadline); !ready)
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
    return insist(*this, POLLIN, flags, [=, this] { return sys::recv(fd.get(), memory, flags); });
}

[[gnu::always_inline]] inline Result<std::size_t> SocketState::recvfrom(MutableBytes memory, int flags, Address& peer) {
    return insist(*this, POLLIN, flags, [=, this, &peer] { return sys::recvfrom(fd.get(), memory, flags, peer); });
}

[[gnu::always_inline]] inline Result<std::size_t> SocketState::send(Bytes data, int flags) {
    return insist(*this, POLLOUT, flags, [=, this] { return sys::send(fd.get(), data, flags); });
}

[[gnu::always_inline]] inline Result<std::size_t> SocketState::sendto(Bytes data, int flags, const Address& peer) {
    return insist(*this, POLLOUT, flags, [=, this, &peer] { return sys::sendto(fd.get(), data, flags, peer); });
}

}  // namespace bight

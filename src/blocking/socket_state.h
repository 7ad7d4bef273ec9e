// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/bytes.h>
#include <bight/error.h>
#include <bight/family.h>
#include <bight/file_descriptor.h>
#include <bight/socket.h>
#include <bight/time.h>

#include "blocking/deadline.h"
#include "sys/calls.h"

#include <cerrno>
#include <memory>
#include <mutex>
#include <string>

namespace bight {

/// A descriptor with its mode: what a Socket and the files made from it share. Each call obeys the mode, and goes on
/// after a signal with the time that is left. Not noexcept only because the interrupt hook may raise.
struct SocketState {
    Result<std::size_t> recv(MutableBytes memory, int flags);
    Result<std::size_t> recvfrom(MutableBytes memory, int flags, Address& peer);
    Result<std::size_t> send(Bytes data, int flags);
    Result<std::size_t> sendto(Bytes data, int flags, const Address& peer);

    /// Sends all of `rest`, within one limit; `rest` is what is left of it, also after an error.
    Result<void> sendall(Bytes& rest, int flags);

    /// O_NONBLOCK of the new descriptor is set where it gets a `timeout`.
    Result<int> accept(Address& peer, const Timeout& timeout);

    /// `limit_ran_out` tells our ETIMEDOUT from the kernel's.
    Result<void> connect(const Address& address, bool* limit_ran_out = nullptr);

    /// Sets O_NONBLOCK to match in any case: others share the open file, and may have changed it.
    Result<void> set_timeout(Timeout limit) noexcept;

    /// The same without a call where the flag is known to match, for a limit of its own for each step of a long exchange.
    Result<void> change_timeout(Timeout limit) noexcept;

    /// As set_timeout(), for connections that are mostly waited for, as a server's: the kernel keeps the limit of recv(), by
    /// SO_RCVTIMEO, which takes one call where else there are three. A signal, or a limit below a second, which ticks
    /// would show in, ends that for the socket; the call that a signal interrupts has its limit anew then.
    Result<void> set_timeout_in_kernel(Duration limit) noexcept;
    Result<void> close() noexcept;
    int release() noexcept;

    /// Ends both ways from another thread, so that whoever waits in a call sees the end.
    void abort() noexcept;

    /// For calls that have no flag that says not to wait: a duplicate can have cleared O_NONBLOCK.
    Result<void> make_nonblocking() noexcept;

    /// The flags for a call under a limit: it must not wait in the kernel, whatever the descriptor's O_NONBLOCK says.
    /// That flag is of the open file, which duplicates and other processes share and may change.
    int without_waiting(int flags) const noexcept { return timeout ? flags | MSG_DONTWAIT : flags; }

    /// "recv from 10.0.0.7:443", for messages; asks the kernel for the peer.
    std::string context(std::string_view call, std::string_view preposition) const;

    FileDescriptor fd;
    Family family;
    Kind kind;
    int proto;
    Timeout timeout;
    bool o_nonblock;  // of the descriptor: set unless the timeout is none, or if it came to us so; or in the kernel
    int recv_mode = timeout ? MSG_DONTWAIT : 0;  // of recv(), as without_waiting(); 0 where the kernel keeps the limit
    bool ended = false;  // of a stream: recv() has seen the peer's end, so nothing is left unread

    std::mutex ending;  // between close() and abort(), which may be of two threads

private:
    Result<std::size_t> recv_again(MutableBytes memory, int flags, Errno error);
    Result<void> sendall_after(Result<std::size_t> sent, Bytes& rest, int flags);
    Result<void> limit_in_kernel(Duration limit) noexcept;
    bool is_limited_in_kernel() const noexcept { return timeout && recv_mode == 0; }
    Result<void> connect_unix(const Address& address, const Deadline& deadline, bool* limit_ran_out);
    Result<void> finish_connect(const Deadline& deadline, bool* limit_ran_out);
};

/// What calls on a socket that was closed before answer.
inline constexpr Errno closed_before{EBADF};

/// Raises what a data call failed with, "recv from 10.0.0.7:443: …"; ClosedError without a state. Out of the way of the
/// calls that go well.
[[noreturn, gnu::cold, gnu::noinline]] void raise_failure(const SocketState* state, Errno error, const char* call,
                                                          const char* preposition);

/// accept(2) for a socket that gets this timeout.
inline Result<int> accept_once(int listener, Address& peer, const Timeout& timeout) noexcept {
    return timeout ? sys::accept_nonblocking(listener, peer) : sys::accept(listener, peer);
}

/// For the library's own use of a Socket's inside.
struct SocketAccess {
    static Socket make(FileDescriptor fd, Family family, Kind kind, int proto, Timeout timeout, bool o_nonblock);
    static Socket share(const Socket& socket) { return Socket(socket.state_); }
    static SocketState* state(const Socket& socket) noexcept { return socket.state_.get(); }
    /// settimeout(), by SocketState::set_timeout_in_kernel().
    static void limit_calls(Socket& socket, Duration limit);
    /// settimeout(), by SocketState::change_timeout().
    static void change_timeout(Socket& socket, Timeout limit);
    static std::weak_ptr<SocketState> watch(const Socket& socket) noexcept { return socket.state_; }

    /// accept() that never waits, whatever the listener's mode, and leaves its timeout as it is. The descriptor is
    /// non-blocking from then on.
    static Result<Accepted> accept_now(Socket& listener);
};

/// A new socket for the library's own functions, with its error returned.
Result<Socket> open_socket(Family family, Kind kind, int proto, Timeout timeout);

}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#include "blocking/socket_state.h"

#include "blocking/deadline.h"
#include "blocking/insist.h"
#include "sys/calls.h"

#include <cerrno>

namespace bight {

// ---- Data. -------------------------------------------------------------------------------------------------------------

Result<std::size_t> SocketState::recv_again(MutableBytes memory, int flags, Errno error) {
    if (is_limited_in_kernel()) {
        bool others_made_it_nonblocking = sys::is_nonblocking(fd.fileno()).value_or(false);
        if (error.number() == EAGAIN && !others_made_it_nonblocking) return std::unexpected(Errno(ETIMEDOUT));
        (void)limit_in_kernel(Duration::zero());
        recv_mode = MSG_DONTWAIT;
    }
    auto attempt = [&] { return sys::recv(fd.fileno(), memory, flags | recv_mode); };
    auto got = persist(*this, POLLIN, flags, Deadline(timeout), attempt, error);
    ended = got == 0;
    return got;
}

Result<void> SocketState::sendall_after(Result<std::size_t> sent, Bytes& rest, int flags) {
    auto attempt = [&] { return sys::send(fd.fileno(), rest, without_waiting(flags)); };
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

Result<int> SocketState::accept(Address& peer, const Timeout& its_timeout) {
    auto attempt = [&] { return accept_once(fd.fileno(), peer, its_timeout); };
    if (!timeout || *timeout == Duration::zero()) return insist(*this, POLLIN, 0, attempt);
    // accept(2) has no flag that says not to wait, and O_NONBLOCK may be gone: a duplicate can have cleared it.
    Deadline deadline(timeout);
    if (auto ready = wait_until_ready(fd.fileno(), POLLIN, deadline); !ready) return std::unexpected(ready.error());
    auto descriptor = attempt();
    return descriptor ? descriptor : persist(*this, POLLIN, 0, deadline, attempt, descriptor.error());
}

Result<void> SocketState::connect(const Address& address, bool* limit_ran_out) {
    Deadline deadline(timeout);
    if (timeout)
        if (auto set = make_nonblocking(); !set) return set;
    if (family == Family::unix_domain) return connect_unix(address, deadline, limit_ran_out);
    auto begun = sys::connect(fd.fileno(), address);
    if (begun) return {};
    int errnum = begun.error().number();
    // Interrupted, the kernel goes on connecting: a second connect() would be refused, so its end is waited for.
    if (errnum == EINTR) interrupted();
    bool under_way = errnum == EINTR || (errnum == EINPROGRESS && timeout != Duration::zero());
    return under_way ? finish_connect(deadline, limit_ran_out) : begun;
}

Result<void> SocketState::finish_connect(const Deadline& deadline, bool* limit_ran_out) {
    if (auto ready = wait_until_ready(fd.fileno(), POLLOUT, deadline); !ready) {
        if (limit_ran_out) *limit_ran_out = ready.error().number() == ETIMEDOUT;
        return ready;
    }
    auto outcome = sys::getsockopt_int(fd.fileno(), SOL_SOCKET, SO_ERROR);
    if (!outcome) return std::unexpected(outcome.error());
    if (*outcome != 0 && *outcome != EISCONN) return std::unexpected(Errno(*outcome));
    return {};
}

namespace {

/// Lets the kernel wait in connect(2), as long as SO_SNDTIMEO says, and puts mode and limit back at the end.
class WaitInKernel {
public:
    explicit WaitInKernel(SocketState& socket) noexcept : socket_(socket) {
        (void)sys::getsockopt(socket_.fd.fileno(), SOL_SOCKET, SO_SNDTIMEO,
                              std::as_writable_bytes(std::span(&before_, 1)));
        (void)sys::set_nonblocking(socket_.fd.fileno(), false);
    }
    ~WaitInKernel() {
        (void)set(before_);
        (void)sys::set_nonblocking(socket_.fd.fileno(), socket_.o_nonblock);
    }
    WaitInKernel(const WaitInKernel&) = delete;
    WaitInKernel& operator=(const WaitInKernel&) = delete;

    Result<void> limit(Timeout limit) noexcept {
        auto microseconds = limit ? std::chrono::ceil<std::chrono::microseconds>(*limit).count() : 0;
        return set({static_cast<time_t>(microseconds / 1'000'000), static_cast<suseconds_t>(microseconds % 1'000'000)});
    }

private:
    Result<void> set(const timeval& value) noexcept {
        return sys::setsockopt(socket_.fd.fileno(), SOL_SOCKET, SO_SNDTIMEO, std::as_bytes(std::span(&value, 1)));
    }

    SocketState& socket_;
    timeval before_{};
};

}  // namespace

/// A Unix listener's full backlog gives EAGAIN at once where nothing is to wait, and nothing to wait for by poll(2); and
/// unlike elsewhere, an interrupted connect() is not under way.
Result<void> SocketState::connect_unix(const Address& address, const Deadline& deadline, bool* limit_ran_out) {
    auto connected = sys::connect(fd.fileno(), address);
    while (!connected && connected.error().number() == EINTR) {
        interrupted();
        connected = sys::connect(fd.fileno(), address);
    }
    bool backlog_is_full = !connected && connected.error().number() == EAGAIN;
    if (!backlog_is_full || !o_nonblock || timeout == Duration::zero()) return connected;
    WaitInKernel waiting(*this);
    while (true) {
        auto left = deadline.left();
        bool expired = left == Duration::zero();
        if (!expired) {
            if (auto limited = waiting.limit(left); !limited) return limited;
            connected = sys::connect(fd.fileno(), address);
            expired = !connected && connected.error().number() == EAGAIN;
        }
        if (expired) {
            if (limit_ran_out) *limit_ran_out = true;
            return std::unexpected(Errno(ETIMEDOUT));
        }
        if (connected || connected.error().number() != EINTR) return connected;
        interrupted();
    }
}

// ---- Modes. ------------------------------------------------------------------------------------------------------------

Result<void> SocketState::limit_in_kernel(Duration limit) noexcept {
    auto microseconds = std::chrono::ceil<std::chrono::microseconds>(limit).count();
    timeval value{static_cast<time_t>(microseconds / 1'000'000), static_cast<suseconds_t>(microseconds % 1'000'000)};
    return sys::setsockopt(fd.fileno(), SOL_SOCKET, SO_RCVTIMEO, std::as_bytes(std::span(&value, 1)));
}

Result<void> SocketState::set_timeout_in_kernel(Duration limit) noexcept {
    constexpr Duration a_tick = std::chrono::milliseconds(10);  // the kernel may end a limit as much early
    bool fits = limit >= std::chrono::seconds(1) && limit < std::chrono::hours(24 * 365);
    if (!fits || o_nonblock || !limit_in_kernel(limit + a_tick)) return change_timeout(limit);
    timeout = limit;
    recv_mode = 0;
    return {};
}

Result<void> SocketState::set_timeout(Timeout limit) noexcept {
    if (is_limited_in_kernel())
        if (auto lifted = limit_in_kernel(Duration::zero()); !lifted) return lifted;
    bool wanted = limit.has_value();
    if (auto set = sys::set_nonblocking(fd.fileno(), wanted); !set) return set;
    o_nonblock = wanted;
    timeout = limit;
    recv_mode = wanted ? MSG_DONTWAIT : 0;
    return {};
}

Result<void> SocketState::change_timeout(Timeout limit) noexcept {
    if (is_limited_in_kernel() || limit.has_value() != o_nonblock) return set_timeout(limit);
    timeout = limit;
    recv_mode = limit ? MSG_DONTWAIT : 0;
    return {};
}

Result<void> SocketState::make_nonblocking() noexcept {
    auto set = sys::set_nonblocking(fd.fileno(), true);
    if (set) o_nonblock = true;
    return set;
}

// ---- Ending. -----------------------------------------------------------------------------------------------------------

Result<void> SocketState::close() noexcept {
    std::lock_guard lock(ending);
    return fd.try_close();
}

int SocketState::release() noexcept {
    std::lock_guard lock(ending);
    if (is_limited_in_kernel()) (void)limit_in_kernel(Duration::zero());
    return fd.detach();
}

void SocketState::abort() noexcept {
    std::lock_guard lock(ending);
    if (fd) (void)sys::shutdown(fd.fileno(), SHUT_RDWR);
}

void raise_failure(const SocketState* state, Errno error, const char* call, const char* preposition) {
    if (!state) throw ClosedError(call);
    raise_os_error(error.number(), state->context(call, preposition));
}

std::string SocketState::context(std::string_view call, std::string_view preposition) const {
    std::string text(call);
    auto peer = sys::getpeername(fd.fileno());
    if (peer && !peer->sockaddr().empty()) text.append(" ").append(preposition).append(" ").append(peer->to_string());
    return text;
}

}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#include <bight/socket.h>

#include "blocking/or_raise.h"
#include "blocking/resolve_one.h"
#include "blocking/socket_state.h"

#include <atomic>
#include <cerrno>
#include <utility>

namespace bight {
namespace {

constexpr int kind_bits = SOCK_NONBLOCK | SOCK_CLOEXEC;

// The process' default for new sockets: nanoseconds, negative for none.
std::atomic<Duration::rep> default_timeout{-1};

void require_limit(Timeout timeout) {
    if (timeout && *timeout < Duration::zero()) throw ValueError("Timeout value out of range");
}

SocketState& open_state(const std::shared_ptr<SocketState>& state, const char* call) {
    if (!state) throw ClosedError(call);
    return *state;
}

/// The Socket for a descriptor that accept(2) gave for it.
Result<Accepted> accepted(const SocketState& listener, Result<int> descriptor, const Address& peer,
                          const Timeout& timeout) {
    if (!descriptor) return std::unexpected(descriptor.error());
    return Accepted{SocketAccess::make(FileDescriptor(*descriptor), listener.family, listener.kind, listener.proto,
                                       timeout, timeout.has_value()),
                    peer};
}

std::string to(const char* call, const Address& address) { return call + address.to_string(); }

}  // namespace

namespace socket {

void setdefaulttimeout(Timeout timeout) {
    require_limit(timeout);
    default_timeout = timeout ? timeout->count() : -1;
}

Timeout getdefaulttimeout() noexcept {
    auto nanoseconds = default_timeout.load();
    if (nanoseconds < 0) return std::nullopt;
    return Duration(nanoseconds);
}

}  // namespace socket

// ---- Making one. -------------------------------------------------------------------------------------------------------

Result<Socket> open_socket(Family family, Kind kind, int proto, Timeout timeout) {
    int bits = (kind.value & kind_bits) | (timeout ? SOCK_NONBLOCK : 0);
    Kind plain = kind.value & ~kind_bits;
    auto fd = sys::socket(family, plain.value | bits, proto);
    if (!fd) return std::unexpected(fd.error());
    return SocketAccess::make(FileDescriptor(*fd), family, plain, proto, timeout, (bits & SOCK_NONBLOCK) != 0);
}

Socket SocketAccess::make(FileDescriptor fd, Family family, Kind kind, int proto, Timeout timeout, bool o_nonblock) {
    return Socket(std::make_shared<SocketState>(std::move(fd), family, kind, proto, timeout, o_nonblock));
}

void SocketAccess::limit_calls(Socket& socket, Duration limit) {
    or_raise(open_state(socket.state_, "settimeout").set_timeout_in_kernel(limit), "settimeout");
}

void SocketAccess::change_timeout(Socket& socket, Timeout limit) {
    or_raise(open_state(socket.state_, "settimeout").change_timeout(limit), "settimeout");
}

Socket::Socket(std::shared_ptr<SocketState> state) noexcept : state_(std::move(state)) {}
Socket::Socket(Socket&&) noexcept = default;
Socket& Socket::operator=(Socket&&) noexcept = default;
Socket::~Socket() = default;

Socket::Socket(Family family, Kind kind, int proto) {
    bool never_wait = (kind.value & SOCK_NONBLOCK) != 0;
    Timeout timeout = never_wait ? Timeout(Duration::zero()) : socket::getdefaulttimeout();
    *this = or_raise(open_socket(family, kind, proto, timeout), [&] {
        return "socket(" + family.to_string() + ", " + Kind(kind.value & ~kind_bits).to_string() + ')';
    });
}

Socket Socket::adopt(int fd, std::optional<Family> given_family, std::optional<Kind> given_kind,
                     std::optional<int> given_proto) {
    if (fd < 0) throw ValueError("negative file descriptor");
    auto ask = [&](int option) { return or_raise(sys::getsockopt_int(fd, SOL_SOCKET, option), "adopt a descriptor"); };
    Kind found = ask(SO_TYPE);  // asked even if given: it shows whether this is a socket at all
    Kind kind = given_kind ? given_kind->value & ~kind_bits : found;
    Family family = given_family ? *given_family : ask(SO_DOMAIN);
    int proto = given_proto ? *given_proto : ask(SO_PROTOCOL);
    bool o_nonblock = or_raise(sys::is_nonblocking(fd), "adopt a descriptor");
    auto limit = socket::getdefaulttimeout();
    if (limit && !o_nonblock) {
        or_raise(sys::set_nonblocking(fd, true), "adopt a descriptor");
        o_nonblock = true;
    }
    auto state = std::make_shared<SocketState>(FileDescriptor(), family, kind, proto, limit, o_nonblock);
    state->fd = FileDescriptor(fd);  // last, for until here it is not ours to close
    return Socket(std::move(state));
}

// ---- As a server. ------------------------------------------------------------------------------------------------------

void Socket::bind(const Address& address) {
    auto& state = open_state(state_, "bind");
    or_raise(sys::bind(state.fd.fileno(), address), [&] { return to("bind to ", address); });
}

void Socket::bind(const HostPort& where) {
    auto& state = open_state(state_, "bind");
    bind(resolve_one(where, state.family));
}

void Socket::listen(std::optional<int> backlog) {
    auto& state = open_state(state_, "listen");
    // The kernel cuts this to net.core.somaxconn, which may be above the constant SOMAXCONN.
    int length = backlog ? (*backlog < 0 ? 0 : *backlog) : 65535;
    or_raise(sys::listen(state.fd.fileno(), length), "listen");
}

Accepted Socket::accept() {
    open_state(state_, "accept");
    return or_raise(try_accept(), "accept");
}

Accepted Socket::accept(Timeout timeout) {
    open_state(state_, "accept");
    return or_raise(try_accept(timeout), "accept");
}

Result<Accepted> Socket::try_accept() { return try_accept(socket::getdefaulttimeout()); }

Result<Accepted> Socket::try_accept(Timeout timeout) {
    require_limit(timeout);
    if (!state_) return std::unexpected(Errno(EBADF));
    Address peer;
    return accepted(*state_, state_->accept(peer, timeout), peer, timeout);
}

Result<Accepted> SocketAccess::accept_now(Socket& listener) {
    SocketState& state = open_state(listener.state_, "accept");
    if (!state.o_nonblock)
        if (auto set = state.make_nonblocking(); !set) return std::unexpected(set.error());
    Address peer;
    auto timeout = socket::getdefaulttimeout();
    return accepted(state, accept_once(state.fd.fileno(), peer, timeout), peer, timeout);
}

// ---- As a client. ------------------------------------------------------------------------------------------------------

void Socket::connect(const Address& address) {
    open_state(state_, "connect");
    or_raise(try_connect(address), [&] { return to("connect to ", address); });
}

void Socket::connect(const HostPort& where) {
    auto& state = open_state(state_, "connect");
    connect(resolve_one(where, state.family));
}

int Socket::connect_ex(const Address& address) {
    if (!state_) return EBADF;
    bool limit_ran_out = false;
    auto connected = state_->connect(address, &limit_ran_out);
    if (connected) return 0;
    return limit_ran_out ? EAGAIN : connected.error().number();  // Python's answer: it is still under way
}

int Socket::connect_ex(const HostPort& where) {
    if (!state_) return EBADF;
    auto& state = *state_;
    return connect_ex(resolve_one(where, state.family));
}

Result<void> Socket::try_connect(const Address& address) {
    if (!state_) return std::unexpected(Errno(EBADF));
    return state_->connect(address);
}

// ---- Modes. ------------------------------------------------------------------------------------------------------------

void Socket::settimeout(Timeout timeout) {
    require_limit(timeout);
    or_raise(open_state(state_, "settimeout").set_timeout(timeout), "settimeout");
}

Timeout Socket::gettimeout() const { return open_state(state_, "gettimeout").timeout; }
void Socket::setblocking(bool blocking) { settimeout(blocking ? Timeout() : Duration::zero()); }
bool Socket::getblocking() const { return gettimeout() != Duration::zero(); }

// ---- Options. ----------------------------------------------------------------------------------------------------------

void Socket::setsockopt(int level, int option, int value) {
    auto& state = open_state(state_, "setsockopt");
    or_raise(sys::setsockopt_int(state.fd.fileno(), level, option, value), "setsockopt");
}

void Socket::setsockopt(int level, int option, Bytes value) {
    auto& state = open_state(state_, "setsockopt");
    if (!std::in_range<socklen_t>(value.size())) throw OverflowError("setsockopt: a value too long");
    or_raise(sys::setsockopt(state.fd.fileno(), level, option, value), "setsockopt");
}

void Socket::setsockopt(int level, int option, std::nullptr_t, std::size_t length) {
    setsockopt(level, option, Bytes(nullptr, length));
}

int Socket::getsockopt(int level, int option) const {
    auto& state = open_state(state_, "getsockopt");
    return or_raise(sys::getsockopt_int(state.fd.fileno(), level, option), "getsockopt");
}

Buffer Socket::getsockopt(int level, int option, std::size_t size) const {
    auto& state = open_state(state_, "getsockopt");
    if (size == 0 || size > 1024) throw ValueError("getsockopt buflen out of range");
    Buffer value = Buffer::with_capacity(size);
    value.resize(or_raise(sys::getsockopt(state.fd.fileno(), level, option, value.room().first(size)), "getsockopt"));
    return value;
}

// ---- Files and queries. ------------------------------------------------------------------------------------------------

BufferedReader Socket::makefile(socket::ReadMode, std::size_t buffering) {
    open_state(state_, "makefile");
    return BufferedReader(state_, buffering);
}

BufferedWriter Socket::makefile(socket::WriteMode, std::size_t buffering) {
    open_state(state_, "makefile");
    return BufferedWriter(state_, buffering);
}

BufferedRWPair Socket::makefile(socket::ReadWriteMode, std::size_t buffering) {
    return {makefile(socket::rb, buffering), makefile(socket::wb, buffering)};
}

int Socket::fileno() const noexcept { return state_ ? state_->fd.fileno() : -1; }
Family Socket::family() const { return open_state(state_, "family").family; }
Kind Socket::kind() const { return open_state(state_, "kind").kind; }
int Socket::proto() const { return open_state(state_, "proto").proto; }

Address Socket::getsockname() const {
    return or_raise(sys::getsockname(open_state(state_, "getsockname").fd.fileno()), "getsockname");
}

Address Socket::getpeername() const {
    return or_raise(sys::getpeername(open_state(state_, "getpeername").fd.fileno()), "getpeername");
}

bool Socket::get_inheritable() const {
    return or_raise(sys::is_inheritable(open_state(state_, "get_inheritable").fd.fileno()), "get_inheritable");
}

void Socket::set_inheritable(bool inheritable) {
    or_raise(sys::set_inheritable(open_state(state_, "set_inheritable").fd.fileno(), inheritable), "set_inheritable");
}

// ---- Ending. -----------------------------------------------------------------------------------------------------------

void Socket::shutdown(int how) { or_raise(sys::shutdown(open_state(state_, "shutdown").fd.fileno(), how), "shutdown"); }

void Socket::close() {
    auto state = std::move(state_);
    if (!state || state.use_count() > 1 || !state->fd) return;  // a file goes on with it
    auto closed = state->close();
    // Closed all the same after EINTR; and a peer that reset the connection did not harm the closing of it.
    if (closed || closed.error().number() == EINTR || closed.error().number() == ECONNRESET) return;
    raise_os_error(closed.error(), "close");
}

Socket Socket::dup() const {
    auto& state = open_state(state_, "dup");
    FileDescriptor fd(or_raise(sys::duplicate(state.fd.fileno()), "dup"));
    return SocketAccess::make(std::move(fd), state.family, state.kind, state.proto, state.timeout, state.o_nonblock);
}

int Socket::detach() {
    int fd = open_state(state_, "detach").release();
    state_.reset();
    return fd;
}

}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/bytes.h>
#include <bight/error.h>
#include <bight/family.h>
#include <bight/time.h>

#include "sys/checked.h"
#include "sys/seam.h"
#include "sys/sockaddr.h"
#include "values/sanitizer.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// One function for each system call: noexcept, its errno in the result, nothing retried. What creates a descriptor
// sets close-on-exec; what sends raises no SIGPIPE. This is the only folder that includes system headers.
namespace bight::sys {

// ---- Sockets. ----------------------------------------------------------------------------------------------------------

Result<int> socket(Family family, Kind kind, int proto) noexcept;

struct TwoDescriptors {
    int first;
    int second;
};
Result<TwoDescriptors> socketpair(Family family, Kind kind, int proto) noexcept;

Result<void> bind(int fd, const Address& address) noexcept;
Result<void> listen(int fd, int backlog) noexcept;
Result<int> accept(int fd, Address& peer) noexcept;
Result<int> accept_nonblocking(int fd, Address& peer) noexcept;
Result<void> connect(int fd, const Address& address) noexcept;
Result<void> shutdown(int fd, int how) noexcept;
Result<Address> getsockname(int fd) noexcept;
Result<Address> getpeername(int fd) noexcept;

Result<void> setsockopt(int fd, int level, int option, Bytes value) noexcept;
Result<std::size_t> getsockopt(int fd, int level, int option, MutableBytes value) noexcept;
Result<int> getsockopt_int(int fd, int level, int option) noexcept;
Result<void> setsockopt_int(int fd, int level, int option, int value) noexcept;

// ---- Data. -------------------------------------------------------------------------------------------------------------

// These five are made most, so they are inline: each frame to return through is dear right after a system call.

// libc's recv(3), recvmsg(3) and send(3) are places at which a thread can be cancelled, which has no way out of a noexcept
// function, and takes two locked operations a call where there is more than one thread. So the first three go past them.
inline constexpr bool past_libc = !bight::detail::is_sanitized;

inline Result<std::size_t> recv(int fd, MutableBytes memory, int flags) noexcept {
    return moved(Call::recv, memory.size(), [=](std::size_t size) -> ssize_t {
        if constexpr (past_libc) return ::syscall(SYS_recvfrom, fd, memory.data(), size, flags, nullptr, nullptr);
        return ::recv(fd, memory.data(), size, flags);
    });
}

/// As recv(), by recvmsg(2): `is_marked` says whether descriptors or credentials came with the data, which are thrown away
/// (MSG_CTRUNC). A Unix stream stops behind such data, and where it begins.
inline Result<std::size_t> recv_to_mark(int fd, MutableBytes memory, int flags, bool& is_marked) noexcept {
    is_marked = false;
    return moved(Call::recv, memory.size(), [&](std::size_t size) -> ssize_t {
        iovec piece{memory.data(), size};
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        ssize_t count;
        if constexpr (past_libc)
            count = ::syscall(SYS_recvmsg, fd, &message, flags);
        else
            count = ::recvmsg(fd, &message, flags);
        is_marked = count >= 0 && (message.msg_flags & MSG_CTRUNC) != 0;
        return count;
    });
}

inline Result<std::size_t> send(int fd, Bytes data, int flags) noexcept {
    return moved(Call::send, data.size(), [=](std::size_t size) -> ssize_t {
        int all = flags | MSG_NOSIGNAL;
        if constexpr (past_libc) return ::syscall(SYS_sendto, fd, data.data(), size, all, nullptr, 0);
        return ::send(fd, data.data(), size, all);
    });
}

inline Result<std::size_t> recvfrom(int fd, MutableBytes memory, int flags, Address& peer) noexcept {
    AddressRoom room(peer);
    auto count = moved(Call::recvfrom, memory.size(), [&](std::size_t size) {
        return ::recvfrom(fd, memory.data(), size, flags, room.data(), room.size());
    });
    if (count) room.done();
    return count;
}

inline Result<std::size_t> sendto(int fd, Bytes data, int flags, const Address& peer) noexcept {
    return moved(Call::sendto, data.size(), [&](std::size_t size) {
        return ::sendto(fd, data.data(), size, flags | MSG_NOSIGNAL, sockaddr_of(peer), size_of(peer));
    });
}

Result<std::size_t> read(int fd, MutableBytes memory) noexcept;
Result<std::size_t> write(int fd, Bytes data) noexcept;

// ---- Descriptors. ------------------------------------------------------------------------------------------------------

Result<void> close(int fd) noexcept;
Result<int> duplicate(int fd) noexcept;

/// Makes the number `onto` stand for what `fd` stands for; what it stood for before is closed.
Result<void> duplicate_onto(int fd, int onto) noexcept;
Result<void> set_nonblocking(int fd, bool nonblocking) noexcept;
Result<bool> is_nonblocking(int fd) noexcept;
Result<void> set_inheritable(int fd, bool inheritable) noexcept;
Result<bool> is_inheritable(int fd) noexcept;
Result<int> eventfd() noexcept;

/// How many bytes can be read now (FIONREAD).
Result<int> readable_bytes(int fd) noexcept;

// ---- Waiting. ----------------------------------------------------------------------------------------------------------

/// CLOCK_MONOTONIC.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
TimePoint now() noexcept;

/// As poll(2), to the nanosecond; without limit if `timeout` is unset. Returns how many are ready.
Result<int> poll(std::span<pollfd> descriptors, Timeout timeout) noexcept;

Result<int> select(int count, fd_set* readers, fd_set* writers, fd_set* exceptional, Timeout timeout) noexcept;

Result<int> epoll_create() noexcept;
Result<void> epoll_ctl(int epoll, int operation, int fd, std::uint32_t events, std::uint64_t data) noexcept;
Result<int> epoll_wait_limited(int epoll, std::span<epoll_event> events, Duration limit) noexcept;

/// As epoll_wait(2), to the nanosecond. Inline, as recv() is, where it has no time to count.
inline Result<int> epoll_wait(int epoll, std::span<epoll_event> events, Timeout timeout) noexcept {
    if (timeout && *timeout > Duration::zero()) return epoll_wait_limited(epoll, events, *timeout);
    return checked(Call::epoll_wait, [=] {
        return ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), timeout ? 0 : -1);
    });
}

// ---- Files. ------------------------------------------------------------------------------------------------------------

Result<void> unlink(const char* path) noexcept;

struct FileIdentity {
    std::uint64_t device;
    std::uint64_t inode;
    std::uint32_t owner;
    bool is_socket;
};

/// What `path` itself is: a link is not followed.
Result<FileIdentity> identify(const char* path) noexcept;

/// What an open descriptor stands for.
Result<FileIdentity> identify(int fd) noexcept;

/// The permissions of what a descriptor stands for: of a Unix socket, those that the path gets which it is bound to.
Result<void> set_mode(int fd, unsigned mode) noexcept;

/// /dev/null, to read and to write.
Result<int> open_null() noexcept;

/// The effective user.
std::uint32_t user() noexcept;

}  // namespace bight::sys

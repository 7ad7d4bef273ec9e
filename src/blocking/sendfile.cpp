// SPDX-License-Identifier: BSL-1.0
#include <bight/file_descriptor.h>
#include <bight/socket.h>

#include "blocking/insist.h"
#include "blocking/socket_state.h"
#include "sys/calls.h"
#include "sys/file_calls.h"

#include <algorithm>
#include <cerrno>

namespace bight {
namespace {

// Of one call, so that a limit is seen between them. One call for all takes as much of the processor.
constexpr std::size_t piece = std::size_t{2} << 20;
constexpr std::size_t copied_at_once = std::size_t{64} << 10;

/// What is on its way: from where, how much is still to go, and until when.
struct Transfer {
    int file;
    std::uint64_t offset;
    std::optional<std::uint64_t> count;
    Deadline deadline;
    std::uint64_t sent = 0;
    bool has_read = false;  // which moved the file's own position

    std::size_t next(std::size_t most) const noexcept {
        return count ? static_cast<std::size_t>(std::min<std::uint64_t>(most, *count - sent)) : most;
    }
    /// Whether the limit has passed before all of it was sent.
    bool is_cut_off(const SocketState& socket) const noexcept {
        return socket.timeout && deadline.left() == Duration::zero() && next(1) > 0 && !has_ended();
    }
    /// Whether nothing more comes of the file. Takes nothing of it.
    bool has_ended() const noexcept {
        std::byte more{};
        if (auto got = sys::read_at(file, {&more, 1}, offset + sent)) return *got == 0;
        pollfd end{file, POLLIN, 0};  // a pipe's: without a writer, and empty
        auto ready = sys::poll({&end, 1}, Duration::zero());
        return ready && (end.revents & (POLLIN | POLLHUP)) == POLLHUP;
    }
};

/// Leaves a regular file behind the last byte that was sent, also after an error and where the interrupt hook raises.
class Position {
public:
    Position(const Transfer& transfer, sys::FileKind kind) noexcept : transfer_(transfer), kind_(kind) {}
    ~Position() {
        if (kind_ == sys::FileKind::regular && (transfer_.sent > 0 || transfer_.has_read))
            (void)sys::seek(transfer_.file, transfer_.offset + transfer_.sent);
    }
    Position(const Position&) = delete;
    Position& operator=(const Position&) = delete;

private:
    const Transfer& transfer_;
    sys::FileKind kind_;
};

/// Holds back what is less than a segment while the file goes out (tcp(7)), unless the caller does so already.
class Corked {
public:
    explicit Corked(const SocketState& socket) noexcept : fd_(socket.fd.fileno()) {
        if (socket.family != Family::inet && socket.family != Family::inet6) return;
        auto before = sys::getsockopt_int(fd_, IPPROTO_TCP, TCP_CORK);
        is_ours_ = before && *before == 0 && sys::setsockopt_int(fd_, IPPROTO_TCP, TCP_CORK, 1);
    }
    ~Corked() {
        if (is_ours_) (void)sys::setsockopt_int(fd_, IPPROTO_TCP, TCP_CORK, 0);
    }
    Corked(const Corked&) = delete;
    Corked& operator=(const Corked&) = delete;

private:
    int fd_;
    bool is_ours_ = false;
};

/// Pieces of the file, by one of the calls that move them inside the kernel, until its end or the count. Where a socket
/// blocks, the kernel waits; else poll(2) does.
template <class Move>
Result<void> move_all(SocketState& socket, Transfer& transfer, Move move) {
    while (std::size_t size = transfer.next(piece)) {
        auto attempt = [&] { return move(size); };
        auto moved = attempt();
        if (!moved) moved = persist(socket, POLLOUT, 0, transfer.deadline, attempt, moved.error());
        if (!moved) return std::unexpected(moved.error());
        if (*moved == 0) return {};  // the end, also where the file has become shorter than it was
        transfer.sent += *moved;
        if (*moved < size) interrupted();  // a signal may be why: the kernel does not tell
        if (transfer.is_cut_off(socket)) return std::unexpected(Errno(ETIMEDOUT));
    }
    return {};
}

/// By way of memory of ours, for files that the kernel cannot move.
Result<void> copy_all(SocketState& socket, Transfer& transfer) {
    Buffer buffer = Buffer::with_capacity(copied_at_once);
    while (std::size_t size = transfer.next(copied_at_once)) {
        // A device, a socket or whatever else this is may have nothing yet: the limit holds for that too.
        if (auto ready = wait_until_ready(transfer.file, POLLIN, transfer.deadline); !ready) return ready;
        auto got = sys::read(transfer.file, buffer.room().first(size));
        while (!got && got.error() == std::errc::interrupted) {
            interrupted();
            got = sys::read(transfer.file, buffer.room().first(size));
        }
        if (!got) return std::unexpected(got.error());
        if (*got == 0) return {};
        transfer.has_read = true;
        for (Bytes rest(buffer.room().data(), *got); !rest.empty();) {
            auto attempt = [&] { return sys::send(socket.fd.fileno(), rest, socket.without_waiting(0)); };
            auto sent = attempt();
            if (!sent) sent = persist(socket, POLLOUT, 0, transfer.deadline, attempt, sent.error());
            if (!sent) return std::unexpected(sent.error());
            transfer.sent += *sent;
            rest = rest.slice(*sent);
            if (!rest.empty()) interrupted();
            if (transfer.is_cut_off(socket)) return std::unexpected(Errno(ETIMEDOUT));
        }
    }
    return {};
}

bool cannot_be_moved(Errno error) noexcept {
    int number = error.number();
    return number == EINVAL || number == ENOSYS || number == ESPIPE || number == EOPNOTSUPP || number == EOVERFLOW;
}

Result<void> send_regular(SocketState& socket, Transfer& transfer) {
    std::uint64_t offset = transfer.offset;
    auto moved = move_all(socket, transfer, [&](std::size_t size) {
        return sys::sendfile(socket.fd.fileno(), transfer.file, offset, size);
    });
    if (!moved && transfer.sent == 0 && cannot_be_moved(moved.error())) {
        if (auto set = sys::seek(transfer.file, transfer.offset); !set) return set;
        return copy_all(socket, transfer);
    }
    return moved;
}

/// From a pipe. What it waits for may be either end, so it waits for the pipe first: then only the socket can be full.
Result<void> splice_all(SocketState& socket, Transfer& transfer) {
    while (std::size_t size = transfer.next(piece)) {
        if (auto ready = wait_until_ready(transfer.file, POLLIN, transfer.deadline); !ready) return ready;
        auto moved = sys::splice(transfer.file, socket.fd.fileno(), size);
        if (!moved && moved.error() == std::errc::interrupted) {
            interrupted();
            continue;
        }
        if (!moved && moved.error() == std::errc::resource_unavailable_try_again) {
            if (auto ready = wait_until_ready(socket.fd.fileno(), POLLOUT, transfer.deadline); !ready) return ready;
            continue;
        }
        if (!moved) return std::unexpected(moved.error());
        if (*moved == 0) return {};
        transfer.sent += *moved;
        if (*moved < size) interrupted();
        if (transfer.is_cut_off(socket)) return std::unexpected(Errno(ETIMEDOUT));
    }
    return {};
}

Result<void> send_other(SocketState& socket, Transfer& transfer, sys::FileKind kind) {
    if (transfer.offset != 0)  // without a position, there is no skipping either
        if (auto set = sys::seek(transfer.file, transfer.offset); !set) return set;
    if (kind == sys::FileKind::pipe) {
        auto moved = splice_all(socket, transfer);
        if (moved || transfer.sent > 0 || !cannot_be_moved(moved.error())) return moved;
    }
    return copy_all(socket, transfer);
}

}  // namespace

Result<std::uint64_t> Socket::try_sendfile(int file, std::uint64_t offset, std::optional<std::uint64_t> count) {
    if (!state_) return std::unexpected(Errno(EBADF));
    if (state_->kind != Kind::stream) throw ValueError("only SOCK_STREAM type sockets are supported");
    if (count && (*count == 0 || *count > INT64_MAX))  // what was negative before it became this type
        throw ValueError("count must be a positive integer (got " + std::to_string(static_cast<std::int64_t>(*count)) +
                         ')');
    if (offset > INT64_MAX) throw OverflowError("offset out of range");
    if (state_->timeout == Duration::zero()) throw ValueError("non-blocking sockets are not supported");
    auto kind = sys::file_kind(file);
    if (!kind) return std::unexpected(kind.error());
    if (state_->timeout)
        if (auto set = state_->make_nonblocking(); !set) return std::unexpected(set.error());
    Transfer transfer{file, offset, count, Deadline(state_->timeout)};
    Position position(transfer, *kind);
    sys::SigpipeBlocked quiet;
    Corked corked(*state_);
    auto done = *kind == sys::FileKind::regular ? send_regular(*state_, transfer)
                                                : send_other(*state_, transfer, *kind);
    if (!done) return std::unexpected(done.error());
    return transfer.sent;
}

Result<std::uint64_t> Socket::try_sendfile(const FileDescriptor& file, std::uint64_t offset,
                                           std::optional<std::uint64_t> count) {
    return try_sendfile(file.fileno(), offset, count);
}

std::uint64_t Socket::sendfile(int file, std::uint64_t offset, std::optional<std::uint64_t> count) {
    if (!state_) throw ClosedError("sendfile");
    auto sent = try_sendfile(file, offset, count);
    if (!sent) raise_os_error(sent.error(), state_->context("sendfile", "to"));
    return *sent;
}

std::uint64_t Socket::sendfile(const FileDescriptor& file, std::uint64_t offset, std::optional<std::uint64_t> count) {
    return sendfile(file.fileno(), offset, count);
}

}  // namespace bight

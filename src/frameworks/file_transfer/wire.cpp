// SPDX-License-Identifier: BSL-1.0
#include "frameworks/file_transfer/wire.h"

#include "blocking/deadline.h"
#include "blocking/socket_state.h"

#include <algorithm>
#include <cerrno>
#include <string>

namespace bight::file_transfer {

Timeout with_time_for(std::uint64_t size, Timeout limit) noexcept {
    constexpr std::uint64_t per_second = std::uint64_t{16} << 20;
    if (!limit) return limit;
    constexpr std::uint64_t most = 365 * 86400;  // seconds
    Duration more = std::chrono::seconds(std::min(size / per_second, most));
    return *limit < Duration::max() - more ? *limit + more : Duration::max();
}

/// What comes next, behind what was read. 0: the peer's end. Where the limit has passed already, what has come counts.
Result<std::size_t> Wire::fill(Timeout limit) {
    if (at_end_) return 0;
    SocketAccess::change_timeout(connection_, limit);
    auto came = connection_.try_recv_into(memory_.room());
    if (!came && limit == Duration::zero() && came.error() == std::errc::resource_unavailable_try_again)
        return std::unexpected(Errno(ETIMEDOUT));
    if (!came) return std::unexpected(came.error());
    unread_ = *came;
    at_end_ = unread_.empty();
    return unread_.size();
}

Wire::Wire(Socket& connection, FrameReader::From peer) : connection_(connection), reader_(peer) {
    auto* state = SocketAccess::state(connection);
    if (!state) throw ClosedError("file transfer");
    // A frame goes out at once, though the bytes before it are not acknowledged yet.
    if (state->family == Family::inet || state->family == Family::inet6)
        (void)sys::setsockopt_int(state->fd.fileno(), IPPROTO_TCP, TCP_NODELAY, 1);
}

std::optional<Frame> Wire::read(Timeout limit) {
    Deadline deadline(limit);
    while (true) {
        auto frame = reader_.read(unread_);
        if (!frame) raise_protocol_error(to_text(frame.error()));
        if (*frame) return std::move(*frame);
        auto came = fill(deadline.left());
        if (!came) raise(came.error().number(), "receive");
        if (*came > 0) continue;
        if (reader_.is_between_frames()) return std::nullopt;
        raise(ECONNRESET, "receive");
    }
}

Frame Wire::read_more(Timeout limit) {
    auto frame = read(limit);
    if (!frame) raise(ECONNRESET, "receive");
    return std::move(*frame);
}

bool Wire::has_input() {
    if (!unread_.empty() || at_end_) return true;
    auto came = connection_.try_recv_into(memory_.room(), MSG_DONTWAIT);
    if (!came && came.error() == std::errc::resource_unavailable_try_again) return false;
    if (!came) raise(came.error().number(), "receive");
    unread_ = *came;
    at_end_ = unread_.empty();
    return true;
}

Bytes Wire::read_raw(std::uint64_t most, Timeout limit) {
    if (unread_.empty()) {
        auto came = fill(limit);
        if (!came && came.error() == std::errc::timed_out) return {};
        if (!came) raise(came.error().number(), "receive");
        if (*came == 0) raise(ECONNRESET, "receive");
    }
    auto taken = unread_.slice(0, static_cast<std::size_t>(std::min<std::uint64_t>(most, unread_.size())));
    unread_ = unread_.slice(taken.size());
    return taken;
}

void Wire::write(std::string_view bytes, Timeout limit) {
    SocketAccess::change_timeout(connection_, limit);
    if (auto sent = connection_.try_sendall(bytes); !sent) raise(sent.error().number(), "send");
}

bool Wire::write_file(int file, std::uint64_t offset, std::size_t size, Timeout limit) {
    SocketAccess::change_timeout(connection_, limit);
    auto sent = connection_.try_sendfile(file, offset, size);
    if (sent && *sent == size) return true;
    if (sent) throw OSError("the file has become shorter while it was sent");
    bool has_gone = sent.error() == std::errc::broken_pipe || sent.error() == std::errc::connection_reset;
    if (!has_gone) raise(sent.error().number(), "send");
    return false;
}

void Wire::part(Duration patience) noexcept {
    try {
        connection_.shutdown(SHUT_WR);
        Deadline deadline(patience);
        while (deadline.left() != Duration::zero() && fill(deadline.left()).value_or(0) > 0) {}
        unread_ = {};
    } catch (...) {}  // it has parted already, or the interrupt hook wants no more waiting
}

void Wire::raise(int errnum, std::string_view call) const {
    auto* state = SocketAccess::state(connection_);
    raise_os_error(errnum, state ? state->context(call, call == "send" ? "to" : "from") : std::string(call));
}

void Wire::raise_protocol_error(std::string_view what) const {
    auto* state = SocketAccess::state(connection_);
    throw ProtocolError(EPROTO, (state ? state->context("transfer", "with") + ": " : std::string()).append(what));
}

}  // namespace bight::file_transfer

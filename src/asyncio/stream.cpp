// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/stream.h>

#include <bight/asyncio/timeouts.h>
#include <bight/file_descriptor.h>
#include <bight/message.h>
#include <bight/socket.h>

#include "asyncio/file_sending.h"
#include "asyncio/lent_stream.h"
#include "blocking/received_fds.h"
#include "engine/passing_fds.h"
#include "sys/calls.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace bight {
namespace asyncio {

IncompleteReadError::IncompleteReadError(Buffer partial, std::size_t expected)
    : std::runtime_error(std::to_string(partial.size()) + " bytes read on a total of " +
                         (expected == 0 ? "undefined" : std::to_string(expected)) + " expected bytes"),
      partial_(std::make_shared<const Buffer>(std::move(partial))),
      expected_(expected) {}

namespace detail {
namespace {

std::string context(const engine::Operation& operation, std::string_view call) {
    std::string text(call);
    if (auto peer = operation.channel->peer()) text += (call == "write" ? " to " : " from ") + peer->to_string();
    return text;
}

}  // namespace

void raise_stream_error(const engine::Operation& operation, std::string_view call) {
    int errnum = static_cast<int>(-operation.result);
    if (errnum == ECANCELED) {
        if (operation.cancelled) raise_cancelled();
        throw ClosedError(call);  // its channel has gone, and must not be asked
    }
    if (errnum == EBUSY) throw BusyError(std::string(call) + ": another task waits in it already");
    raise_os_error(errnum, context(operation, call));
}

Result<Buffer> TryReadWait::await_resume() {
    if (result > 0) return channel->take(*this);
    if (result == 0) return Buffer();
    if (result == -ECANCELED && cancelled) raise_cancelled();
    return std::unexpected(Errno(static_cast<int>(-result)));
}

Result<void> TryWriteWait::await_resume() {
    if (result >= 0) return {};
    if (result == -ECANCELED && cancelled) raise_cancelled();
    return std::unexpected(Errno(static_cast<int>(-result)));
}

}  // namespace detail
}  // namespace asyncio

using asyncio::IncompleteReadError;

void Stream::raise_closed(std::string_view call) { throw ClosedError(call); }

// ---- Reading. ----------------------------------------------------------------------------------------------------------

namespace {

/// Waits until more is unread: false at the end of the stream.
struct MoreWait : asyncio::detail::ChannelWait {
    explicit MoreWait(engine::Channel& from) noexcept : ChannelWait(from, engine::Verb::receive_more) {
        size = Stream::default_read;
    }
    bool await_resume() {
        if (result < 0) asyncio::detail::raise_stream_error(*this, "read");
        if (result > 0) channel->append_unread(channel->take(*this));
        return result > 0;
    }
};

/// The first `size` bytes of what is unread, as a Buffer of their own.
Buffer cut(engine::Channel& channel, std::size_t size) {
    Buffer part = Buffer::copy_of(channel.unread().slice(0, size));
    if (size > 0) channel.consume(size);
    return part;
}

[[noreturn]] void raise_overrun(std::size_t size, std::string_view what) {
    throw LimitOverrunError(std::string(what) + " is longer than its limit", size);
}

}  // namespace

Task<Buffer> Stream::readexactly(std::size_t size) {
    engine::Channel& from = channel("readexactly");
    while (from.unread().size() < size) {
        bool is_more = co_await MoreWait(from);
        if (!is_more) throw IncompleteReadError(cut(from, from.unread().size()), size);
    }
    co_return cut(from, size);
}

Task<Buffer> Stream::readuntil(Bytes separator, std::size_t limit) {
    if (separator.empty()) throw ValueError("Separator should be at least one-byte string");
    engine::Channel& from = channel("readuntil");
    std::size_t searched = 0;  // no separator begins before
    while (true) {
        std::string_view seen = from.unread().view();
        std::size_t place = seen.find(separator.view(), searched);
        if (place != std::string_view::npos) {
            if (place > limit) raise_overrun(place, "what is before the separator");
            co_return cut(from, place + separator.size());
        }
        if (seen.size() >= separator.size()) searched = seen.size() - separator.size() + 1;
        if (searched > limit) raise_overrun(searched, "what is before the separator");
        bool is_more = co_await MoreWait(from);
        if (!is_more) throw IncompleteReadError(cut(from, from.unread().size()), 0);
    }
}

Task<Buffer> Stream::readline(std::size_t limit) {
    engine::Channel& from = channel("readline");
    std::size_t searched = 0;
    while (true) {
        std::string_view seen = from.unread().view();
        std::size_t place = seen.find('\n', searched);
        if (place != std::string_view::npos) {
            if (place > limit) raise_overrun(place, "the line");
            co_return cut(from, place + 1);
        }
        searched = seen.size();
        if (searched > limit) raise_overrun(searched, "the line");
        bool is_more = co_await MoreWait(from);
        if (!is_more) co_return cut(from, from.unread().size());
    }
}

Task<Buffer> Stream::read_all(std::size_t limit) {
    engine::Channel& from = channel("read_all");
    bool is_more = true;
    while (is_more) {
        if (from.unread().size() > limit) raise_overrun(from.unread().size(), "what there is to read");
        is_more = co_await MoreWait(from);
    }
    co_return cut(from, from.unread().size());
}

bool Stream::at_eof() const noexcept { return channel_ && channel_->at_end(); }

// ---- Writing. ----------------------------------------------------------------------------------------------------------

Task<> Stream::writelines(std::vector<Bytes> pieces) {
    std::size_t size = 0;
    for (Bytes piece : pieces) size += piece.size();
    Buffer joined = Buffer::with_capacity(size);
    std::size_t at = 0;
    for (Bytes piece : pieces) {
        if (!piece.empty()) std::memcpy(joined.room().data() + at, piece.data(), piece.size());
        at += piece.size();
    }
    joined.resize(size);
    co_await write(joined);
}

Task<std::uint64_t> Stream::sendfile(const FileDescriptor& file, std::uint64_t offset,
                                     std::optional<std::uint64_t> count) {
    asyncio::detail::FileSending sending(file.fileno(), offset, count);
    asyncio::detail::LentStream lent(*this, "sendfile");
    bool moves = lent.does_not_block();
    while (true) {
        if (moves) moves = sending.move(channel("sendfile").fileno());
        Bytes piece = sending.read_next(moves);
        if (piece.empty()) co_return sending.sent();
        co_await write(piece);
        sending.has_sent(piece.size());
    }
}

// ---- Descriptors. ------------------------------------------------------------------------------------------------------

namespace {

struct SendFdsWait : asyncio::detail::ChannelWait {
    SendFdsWait(engine::Channel& to, const engine::LeavingFds& what) noexcept
        : ChannelWait(to, engine::Verb::send_fds) {
        leaving = &what;
        size = what.data.size();
    }
    void await_resume() {
        if (result < 0) asyncio::detail::raise_stream_error(*this, "send_fds");
    }
};

struct ReceiveFdsWait : asyncio::detail::ChannelWait {
    ReceiveFdsWait(engine::Channel& from, std::size_t limit, engine::ArrivingFds& into) noexcept
        : ChannelWait(from, engine::Verb::receive_fds) {
        arriving = &into;
        size = limit;
    }
    bool await_ready() noexcept { return size == 0 || ChannelWait::await_ready(); }
    Buffer await_resume() {
        if (result < 0) asyncio::detail::raise_stream_error(*this, "recv_fds");
        return result > 0 ? channel->take(*this) : Buffer();
    }
};

void require_fds(engine::Channel& channel, std::string_view call) {
    auto passes = channel.passes_fds();
    if (!passes) raise_os_error(passes.error(), call);
}

}  // namespace

Task<> Stream::send_fds(Bytes data, std::span<const int> fds) {
    engine::Channel& to = channel("send_fds");
    require_fds(to, "send_fds");
    if (data.empty() && !fds.empty()) throw ValueError("descriptors travel with at least one byte");
    AncillaryBuilder beside;
    if (!fds.empty()) beside.fds(fds);
    engine::LeavingFds leaving{data, Bytes(beside.data(), beside.size())};
    if (!data.empty()) co_await SendFdsWait(to, leaving);
}

Task<socket::ReceivedFds> Stream::recv_fds(std::size_t size, std::size_t max_fds) {
    engine::Channel& from = channel("recv_fds");
    require_fds(from, "recv_fds");
    from.receive_ahead(false);
    std::size_t room = socket::room_for_fds(max_fds);
    engine::ArrivingFds arriving(Buffer::with_capacity(room));
    arriving.room.resize(room);
    Buffer data = co_await ReceiveFdsWait(from, size, arriving);
    Message message{std::move(data), std::move(arriving.ancillary), arriving.flags, {}};
    co_return socket::received_fds(std::move(message), max_fds);
}

void Stream::expect_fds() {
    engine::Channel& from = channel("expect_fds");
    require_fds(from, "expect_fds");
    from.receive_ahead(false);
}

// ---- Ending. -----------------------------------------------------------------------------------------------------------

void Stream::write_eof() {
    auto done = channel("write_eof").shutdown(SHUT_WR);
    if (!done) raise_os_error(done.error(), "write_eof");
}

namespace {

Task<> discard_input(engine::Channel& channel) {
    std::size_t size = 1;
    while (size > 0) {
        asyncio::detail::TryReadWait read(channel, Stream::default_read);
        auto data = co_await read;
        size = data ? data->size() : 0;
    }
}

}  // namespace

Task<> Stream::close(Duration linger) {
    engine::ChannelOwner closing = std::move(channel_);
    if (!closing || !closing->has_input() || linger <= Duration::zero()) co_return;
    if (!closing->shutdown(SHUT_WR)) co_return;
    try {
        co_await asyncio::wait_for(discard_input(*closing), linger);
    } catch (const TimeoutError&) {}  // it had its time
}

// ---- Facts. ------------------------------------------------------------------------------------------------------------

Address Stream::peer() const {
    auto address = channel("peer").peer();
    if (!address) raise_os_error(address.error(), "getpeername");
    return *address;
}

Address Stream::local() const {
    auto address = channel("local").local();
    if (!address) raise_os_error(address.error(), "getsockname");
    return *address;
}

void Stream::setsockopt(int level, int option, int value) {
    auto done = channel("setsockopt").set_option(level, option, std::as_bytes(std::span(&value, 1)));
    if (!done) raise_os_error(done.error(), "setsockopt");
}

int Stream::getsockopt(int level, int option) const {
    int value = 0;
    auto done = channel("getsockopt").get_option(level, option, std::as_writable_bytes(std::span(&value, 1)));
    if (!done) raise_os_error(done.error(), "getsockopt");
    return value;
}

}  // namespace bight

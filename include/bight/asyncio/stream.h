// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/asyncio/task.h>
#include <bight/asyncio/waiter.h>
#include <bight/buffer.h>
#include <bight/bytes.h>
#include <bight/engine/operation.h>
#include <bight/error.h>
#include <bight/time.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <utility>

namespace bight {

class FileDescriptor;
class Socket;
namespace socket {
struct ReceivedFds;
}

class Stream;

namespace asyncio {

/// The stream ended before as much had come as was asked for: asyncio.IncompleteReadError.
class IncompleteReadError : public std::runtime_error {
public:
    IncompleteReadError(Buffer partial, std::size_t expected);

    /// What did come.
    const Buffer& partial() const noexcept { return *partial_; }
    std::size_t expected() const noexcept { return expected_; }

private:
    std::shared_ptr<const Buffer> partial_;  // shared: copies of an exception cannot fail
    std::size_t expected_;
};

namespace detail {

class LentStream;

[[noreturn]] void raise_stream_error(const engine::Operation& operation, std::string_view call);

struct ReadWait : ChannelWait {
    ReadWait(engine::Channel& from, std::size_t limit) noexcept : ChannelWait(from, engine::Verb::receive) {
        size = limit;
    }
    bool await_ready() noexcept { return size == 0 || ChannelWait::await_ready(); }
    Buffer await_resume() {
        if (result > 0) return channel->take(*this);
        if (result < 0) [[unlikely]]
            raise_stream_error(*this, "read");
        return {};
    }
};

struct TryReadWait : ReadWait {
    using ReadWait::ReadWait;
    Result<Buffer> await_resume();
};

struct ReadIntoWait : ChannelWait {
    ReadIntoWait(engine::Channel& from, MutableBytes room) noexcept : ChannelWait(from, engine::Verb::receive_into) {
        memory = room.data();
        size = room.size();
    }
    bool await_ready() noexcept { return size == 0 || ChannelWait::await_ready(); }
    MutableBytes await_resume() {
        if (result < 0) [[unlikely]]
            raise_stream_error(*this, "read");
        return {memory, static_cast<std::size_t>(result)};
    }
};

struct WriteWait : ChannelWait {
    WriteWait(engine::Channel& to, Bytes bytes) noexcept : ChannelWait(to, engine::Verb::send) {
        data = bytes.data();
        size = bytes.size();
    }
    bool await_ready() noexcept { return size == 0 || ChannelWait::await_ready(); }
    void await_resume() {
        if (result < 0) [[unlikely]]
            raise_stream_error(*this, "write");
    }
};

struct TryWriteWait : WriteWait {
    using WriteWait::WriteWait;
    Result<void> await_resume();
};

}  // namespace detail
}  // namespace asyncio

/// A connected byte stream, read and written by tasks of one loop.
///
/// Owns its connection: destroying a Stream drops it at once; say `co_await stream.close()` to part politely. One read at
/// a time: a second raises BusyError. Writes of several tasks go out whole, one after the other. Moved, not copied, and
/// not moved while something waits on it. After close() or abort() each call raises ClosedError.
class Stream {
public:
    static constexpr std::size_t default_read = std::size_t{64} << 10;
    static constexpr std::size_t default_limit = std::size_t{64} << 10;  // of lines: asyncio's

    explicit Stream(engine::ChannelOwner channel) noexcept : channel_(std::move(channel)) {}

    // ---- Reading. An empty result means that the peer has finished sending. ------------------------------------------

    /// Waits for data and returns what has come, at most `limit` bytes. The memory is lent by the loop: who only waits
    /// holds none.
    asyncio::detail::ReadWait read(std::size_t limit = default_read) { return {channel("read"), limit}; }

    /// As read(), into memory of the caller's. Returns the part that was filled.
    asyncio::detail::ReadIntoWait read_into(MutableBytes memory) { return {channel("read"), memory}; }

    /// Waits for exactly `size` bytes. Raises IncompleteReadError, which holds what did come. Cancelled, it has lost
    /// nothing: what came is read next.
    Task<Buffer> readexactly(std::size_t size);

    /// Waits for a line, the newline with it; what is left at the end of the stream may lack one. Past `limit` bytes
    /// raises LimitOverrunError: they stay to be read.
    Task<Buffer> readline(std::size_t limit = default_limit);

    /// Waits for `separator` and returns what is before it, and it. Raises IncompleteReadError where the stream ends
    /// before, LimitOverrunError as readline(). The separator must outlive the wait; ValueError for an empty one.
    Task<Buffer> readuntil(Bytes separator = "\n", std::size_t limit = default_limit);

    /// Everything to the end of the stream, at most `limit` bytes: then LimitOverrunError.
    Task<Buffer> read_all(std::size_t limit);

    /// Whether the end was reached and nothing is left to be read of what came.
    bool at_eof() const noexcept;

    // ---- Writing. Waits until the kernel has taken every byte. -------------------------------------------------------

    /// Cancelled or failed half-way, some, all or none of `data` was sent: the stream is then good for closing only.
    /// `data` must outlive the wait.
    asyncio::detail::WriteWait write(Bytes data) { return {channel("write"), data}; }

    /// Several pieces as one write.
    Task<> writelines(std::vector<Bytes> pieces);

    /// Sends a file from `offset` on, `count` bytes or all there are, and says how much that was: less where it ends
    /// before. Moved inside the kernel where that is possible, else read and written. No other task may write meanwhile;
    /// the file must stay open. Afterwards a regular file stands behind the last byte that was sent, if any was. Cancelled
    /// or failed, as write(). Raises ValueError for a count of 0, OSError.
    Task<std::uint64_t> sendfile(const FileDescriptor& file, std::uint64_t offset = 0,
                                 std::optional<std::uint64_t> count = {});

    // ---- Descriptors. ------------------------------------------------------------------------------------------------
    // They pass over Unix sockets of the kernel's; elsewhere, as in a simulation, these raise OSError (EOPNOTSUPP). The
    // results are of <bight/message.h>.

    /// Sends `data`, and descriptors for the peer's process, which gets duplicates: they go with the first of its bytes.
    /// Both must outlive the wait. Cancelled or failed, as write(): before anything has gone, no descriptor has either.
    /// Raises ValueError for descriptors without data, OSError for what is no descriptor and for more than 253.
    Task<> send_fds(Bytes data, std::span<const int> fds);

    /// Waits for data and returns what has come, at most `size` bytes, with up to `max_fds` descriptors that came with
    /// them, close-on-exec. What is more is closed, and MSG_CTRUNC in its flags tells so. It ends with the data of the
    /// first message that had descriptors. Cancelled, it has taken nothing. Raises ValueError for more than 253.
    ///
    /// Descriptors are for this call alone: with the bytes that another one reads the kernel closes them. Where io_uring
    /// is the engine, a stream that was ever read from goes on receiving while nobody reads: say expect_fds() before.
    Task<socket::ReceivedFds> recv_fds(std::size_t size, std::size_t max_fds);

    /// From now on nothing is received that nobody has asked for, so the descriptors of whatever is sent wait for
    /// recv_fds(). What has come already is read first, without its own. recv_fds() says it, too.
    void expect_fds();

    // ---- Ending. -----------------------------------------------------------------------------------------------------

    /// Tells the peer that no more will be written; reading goes on.
    void write_eof();

    /// Closes, always, also where it raises Cancelled. What was written reaches the peer: where input is left that nobody
    /// has read, which would reset the connection, the end is told first and the input thrown away, for `linger` at the
    /// most. Closing twice does nothing.
    Task<> close(Duration linger = std::chrono::seconds(2));

    /// Closes at once. Whoever waits in a call gets ClosedError.
    void abort() noexcept { channel_.reset(); }

    bool is_closing() const noexcept { return channel_ == nullptr; }

    /// Gives the connection away, still open: for what is built of channels, as a transport is.
    [[nodiscard]] engine::ChannelOwner release() noexcept { return std::move(channel_); }

    // ---- The same, their errors returned instead of raised. ----------------------------------------------------------
    // A cancellation is no error of the call: it is raised here too.

    asyncio::detail::TryReadWait try_read(std::size_t limit = default_read) { return {channel("read"), limit}; }
    asyncio::detail::TryWriteWait try_write(Bytes data) { return {channel("write"), data}; }

    // ---- Facts. ------------------------------------------------------------------------------------------------------

    Address peer() const;
    Address local() const;

    /// -1 where there is none, as in a simulation.
    int fileno() const noexcept { return channel_ ? channel_->fileno() : -1; }

    /// setsockopt(2) and getsockopt(2) of an int.
    void setsockopt(int level, int option, int value);
    int getsockopt(int level, int option) const;

private:
    friend class asyncio::detail::LentStream;

    engine::Channel& channel(std::string_view call) const {
        if (!channel_) [[unlikely]]
            raise_closed(call);
        return *channel_;
    }
    [[noreturn]] static void raise_closed(std::string_view call);

    engine::ChannelOwner channel_;
};

namespace asyncio {

// Only members that need no destruction: g++ 12 destroys others twice where the struct is made within a co_await.
struct ConnectOptions {
    Timeout timeout = std::chrono::seconds(10);                     // for all of it, the names included
    Timeout happy_eyeballs_delay = std::chrono::milliseconds(250);  // between attempts (RFC 8305); unset: one by one
    const Address* local_addr = nullptr;                            // to connect from
};
static_assert(std::is_trivially_destructible_v<ConnectOptions>);

/// Connects to a host, whose names are looked up without keeping the loop waiting, or to a Unix address. The addresses
/// found are tried in turn, families alternating, the next one when the last has not answered for a while.
/// Raises GaiError, TimeoutError, ConnectionRefusedError …: what the last attempt raised.
Task<Stream> open_connection(HostPort where, ConnectOptions options = {});

/// open_connection() to a path.
Task<Stream> open_unix_connection(std::string path, ConnectOptions options = {});

/// Takes charge of a connected socket. Raises OSError.
Stream open_stream(Socket socket);

struct PumpOptions {
    bool write_eof = true;  // at the end of what is read: tells the other side that no more will come
};

/// Writes to `to` all that is read from `from`, until that ends, and says how many bytes that were: half of a proxy. What is
/// unread of `from` goes first. Between sockets of the kernel's what is much moves by splice(2), without being copied.
/// No other task may read or write there meanwhile, and both must stay. Cancelled before a write has begun,
/// it has lost nothing: what was read is read next. Cancelled or failed in writing, as write(): what was read and not
/// written is lost. An error of either side is raised once what came before it was written.
Task<std::uint64_t> pump(Stream& from, Stream& to, PumpOptions options = {});

}  // namespace asyncio
}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
/// What a protocol writes to. Whoever tests a protocol derives one of these.
#pragma once

#include <bight/address.h>
#include <bight/bytes.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

namespace bight::asyncio {

class BaseProtocol;
class SubprocessProtocol;

/// A connection as its protocol sees it. Every call is for the loop's thread. After connection_lost() each of them still
/// may be made, and does nothing.
class BaseTransport {
public:
    virtual ~BaseTransport() = default;

    /// Ends it: no more input is delivered, what was written still goes out, then connection_lost(nullptr) is called.
    virtual void close() = 0;
    virtual bool is_closing() const noexcept = 0;

    /// Puts another protocol in place of the one there is; nothing is called of either. ValueError for one of another kind.
    virtual void set_protocol(std::shared_ptr<BaseProtocol> protocol) = 0;

    /// Null once the connection is lost.
    virtual std::shared_ptr<BaseProtocol> get_protocol() const noexcept = 0;

    // ---- get_extra_info(), by its type: an address of family unspecified and -1 where there is none. -----------------

    virtual Address peer() const noexcept { return {}; }
    virtual Address local() const noexcept { return {}; }
    virtual int fileno() const noexcept { return -1; }
};

class ReadTransport : public virtual BaseTransport {
public:
    virtual bool is_reading() const noexcept = 0;

    /// No more input is delivered until resume_reading(); what comes meanwhile stays in the kernel.
    virtual void pause_reading() = 0;
    virtual void resume_reading() = 0;
};

/// When pause_writing() and resume_writing() are called, in bytes that wait: past `high`, and at `low` or below.
struct WriteBufferLimits {
    std::size_t low;
    std::size_t high;
    friend bool operator==(const WriteBufferLimits&, const WriteBufferLimits&) = default;
};

/// With more than this, or than `high`, waiting already, whoever writes on does not obey pause_writing(): in bytes.
inline constexpr std::size_t hard_limit = std::size_t{16} << 20;

class WriteTransport : public virtual BaseTransport {
public:
    /// Sends at once what needs no waiting, and keeps a copy of the rest: obey pause_writing(). With hard_limit waiting
    /// already the connection is lost, by an OSError of ENOBUFS. On io_uring what is small goes out at the end of the turn.
    /// RuntimeError after write_eof().
    virtual void write(Bytes data) = 0;

    /// Several pieces as one write().
    virtual void writelines(std::span<const Bytes> pieces);

    /// Tells the peer, behind what was written, that no more will be; reading goes on.
    virtual void write_eof() = 0;
    virtual bool can_write_eof() const noexcept = 0;

    /// Ends it at once: what waits to be sent is lost, connection_lost(nullptr) is called soon.
    virtual void abort() = 0;

    virtual std::size_t get_write_buffer_size() const noexcept = 0;
    virtual WriteBufferLimits get_write_buffer_limits() const noexcept = 0;

    /// Unset: 64 KiB for `high`, or 4 * `low`; a quarter of `high` for `low`. ValueError unless high >= low.
    virtual void set_write_buffer_limits(std::optional<std::size_t> high = {}, std::optional<std::size_t> low = {}) = 0;
};

/// Both ways: of a connection.
class Transport : public ReadTransport, public WriteTransport {};

class DatagramTransport : public virtual BaseTransport {
public:
    /// Sends one datagram to where it is connected to. What the kernel does not take at once waits; with hard_limit waiting
    /// already it is dropped. An OSError of it, ENOBUFS then, goes to error_received().
    virtual void sendto(Bytes data) = 0;

    /// To `address`; where it is connected, ValueError for any other address.
    virtual void sendto(Bytes data, const Address& address) = 0;

    /// Ends it at once: datagrams that wait are lost.
    virtual void abort() = 0;

    virtual std::size_t get_write_buffer_size() const noexcept = 0;
    virtual WriteBufferLimits get_write_buffer_limits() const noexcept = 0;
    virtual void set_write_buffer_limits(std::optional<std::size_t> high = {}, std::optional<std::size_t> low = {}) = 0;
};

/// A child process.
class SubprocessTransport : public virtual BaseTransport {
public:
    virtual int get_pid() const noexcept = 0;

    /// Unset while it runs; minus the number of the signal that ended it.
    virtual std::optional<int> get_returncode() const noexcept = 0;

    /// Of 0 to write to its input, of 1 and 2 to pause what it writes. Null where that is no pipe.
    virtual std::shared_ptr<Transport> get_pipe_transport(int fd) const noexcept = 0;

    /// Nothing where it has ended. Raises OSError.
    virtual void send_signal(int sig) = 0;
    virtual void terminate() = 0;

    /// What close() does as well, where it still runs.
    virtual void kill() = 0;
};

}  // namespace bight::asyncio

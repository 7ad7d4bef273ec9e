// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/buffer.h>
#include <bight/bytes.h>
#include <bight/error.h>

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>

namespace bight {

struct SocketState;
struct ReadPace;

namespace socket {

/// The modes of Socket::makefile, Python's words: `connection.makefile(socket::rb)`.
struct ReadMode {};
struct WriteMode {};
struct ReadWriteMode {};
inline constexpr ReadMode rb{};
inline constexpr WriteMode wb{};
inline constexpr ReadWriteMode rwb{};

}  // namespace socket

inline constexpr std::size_t default_buffer_size = 8192;
inline constexpr std::size_t default_line_limit = std::size_t{1} << 20;

/// A file to read from: what Python's makefile("rb") gives.
///
/// An error loses nothing: what was received stays in the reader. Obeys the socket's timeout. Once a read has timed out, reads are refused ("cannot read from timed out object"), for
/// nobody knows what the peer will do with half a message. Used from one thread at a time.
class BufferedReader {
public:
    BufferedReader() noexcept;  // a closed one
    BufferedReader(std::shared_ptr<SocketState> socket, std::size_t buffering);

    /// A file over bytes already there, such as a datagram.
    explicit BufferedReader(Buffer contents);

    BufferedReader(BufferedReader&&) noexcept;
    BufferedReader& operator=(BufferedReader&&) noexcept;
    ~BufferedReader();

    /// Waits for `size` bytes; fewer only at the end.
    Buffer read(std::size_t size);

    /// Waits for the end and returns everything before it. Raises LimitOverrunError past `limit` bytes, and keeps them.
    Buffer read_all(std::size_t limit = default_line_limit);

    /// What one call to the kernel gives, or what is buffered; at most `size` bytes.
    Buffer read1(std::size_t size = default_buffer_size);

    /// Fills `memory`; less only at the end. Returns the part that was filled.
    MutableBytes readinto(MutableBytes memory);

    /// The next line with its newline; the last one may lack it; empty at the end.
    /// Raises LimitOverrunError past `limit` bytes, and keeps them: read() or skip_line() goes on.
    Buffer readline(std::size_t limit = default_line_limit) { return readuntil("\n", limit); }

    /// As readline(), up to and with any separator; raises ValueError for an empty one.
    Buffer readuntil(Bytes separator, std::size_t limit = default_line_limit);

    /// `for (auto& line : file)`: readline() until the end.
    class Lines;
    Lines begin();
    std::default_sentinel_t end() const noexcept { return {}; }

    /// Throws away what is left of the line, however long. False at the end.
    bool skip_line();

    /// What is buffered, after one call to the kernel if that is nothing; it stays in the buffer.
    Bytes peek();

    void close() noexcept;
    bool closed() const noexcept;

    /// The socket's; raises ValueError once closed, and for a file over bytes.
    int fileno() const;

private:
    Bytes buffered() const noexcept { return {buffer_.data() + start_, buffer_.size() - start_}; }
    std::size_t fill(std::size_t wanted);  // one call to the kernel; 0 at the end
    void make_room(std::size_t wanted);
    Buffer take(std::size_t size);
    void require_open() const;

    friend struct ReaderAccess;  // for the library's own servers, which limit how long a message may take
    Result<std::size_t> recv_at_pace(MutableBytes room);

    std::shared_ptr<SocketState> socket_;
    Buffer buffer_;
    std::size_t start_ = 0;  // what was taken of buffer_
    std::size_t buffering_ = 0;
    ReadPace* pace_ = nullptr;
    bool open_ = false;
    bool timed_out_ = false;
};

/// A place in the lines of a file: reading on moves it.
class BufferedReader::Lines {
public:
    using value_type = Buffer;
    using difference_type = std::ptrdiff_t;

    explicit Lines(BufferedReader& file) : file_(&file), line_(file.readline()) {}

    Buffer& operator*() noexcept { return line_; }
    Lines& operator++() {
        line_ = file_->readline();
        return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Lines& lines, std::default_sentinel_t) noexcept { return lines.line_.empty(); }

private:
    BufferedReader* file_;
    Buffer line_;
};

inline BufferedReader::Lines BufferedReader::begin() { return Lines(*this); }

/// A file to write to: what Python's makefile("wb") gives. Used from one thread at a time.
class BufferedWriter {
public:
    BufferedWriter() noexcept;  // a closed one
    BufferedWriter(std::shared_ptr<SocketState> socket, std::size_t buffering);

    BufferedWriter(BufferedWriter&&) noexcept;
    BufferedWriter& operator=(BufferedWriter&&) noexcept;

    /// Drops what was not flushed, for a destructor must not wait: say flush() or close().
    ~BufferedWriter();

    /// Takes all of `data`, sending what does not fit the buffer. Returns data.size(). Taken also if it raises: what was
    /// not sent stays buffered, and flush() goes on with it.
    std::size_t write(Bytes data);

    /// Sends what is buffered. After an error, what was not sent stays buffered.
    void flush();

    /// flush(), then closes; closes also if that raises.
    void close();
    bool closed() const noexcept;

    /// The socket's; raises ValueError once closed.
    int fileno() const;

private:
    void require_open() const;
    void send(Bytes& rest);
    void append(Bytes data);

    std::shared_ptr<SocketState> socket_;
    Buffer buffer_;
    std::size_t buffering_ = 0;
};

/// A file to read from and to write to: what Python's makefile("rwb") gives. The two halves are used apart, each from one
/// thread at a time.
struct BufferedRWPair {
    BufferedReader reader;
    BufferedWriter writer;

    Buffer read(std::size_t size) { return reader.read(size); }
    Buffer readline(std::size_t limit = default_line_limit) { return reader.readline(limit); }
    std::size_t write(Bytes data) { return writer.write(data); }
    void flush() { writer.flush(); }

    /// Closes both; flushes what was written.
    void close() {
        reader.close();
        writer.close();
    }
    bool closed() const noexcept { return writer.closed(); }
};

}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/file.h>
#include <bight/socket.h>

#include <cstddef>
#include <istream>
#include <memory>
#include <streambuf>

namespace bight {

/// The buffer between a std::iostream and a socket. Reading obeys the socket's timeout; what is written is sent when
/// it is full, on std::flush, and before a read waits.
class SocketStreambuf : public std::streambuf {
public:
    explicit SocketStreambuf(Socket& socket, std::size_t buffering = default_buffer_size);

    /// Drops what was not flushed: a destructor must not wait.
    ~SocketStreambuf() override = default;

    /// Why the last call of the socket failed: EINTR where the interrupt hook raised; a number of 0 if it did not.
    Errno error() const noexcept { return error_; }

protected:
    int_type underflow() override;
    int_type overflow(int_type character) override;
    int sync() override;

private:
    template <class Action>
    void attempt(Action action);
    void send_all();

    BufferedReader reader_;
    BufferedWriter writer_;
    std::size_t buffering_;
    Buffer in_, out_;
    Errno error_{0};
};

/// A connection as a std::iostream: what makefile("rw") is to Python, with C++'s own formatting.
///
///     SocketStream stream(connection);
///     stream << "HELO " << name << "\r\n" << std::flush;
///     std::getline(stream, answer);
///
/// Shares the descriptor with the socket. A failing call makes the stream bad, as for every other std::iostream, and
/// never looks like the end; error() says why. After clear() it goes on where it was.
class SocketStream : public std::iostream {
public:
    explicit SocketStream(Socket& socket, std::size_t buffering = default_buffer_size)
        : std::iostream(nullptr), buffer_(socket, buffering) {
        rdbuf(&buffer_);
    }

    Errno error() const noexcept { return buffer_.error(); }

private:
    SocketStreambuf buffer_;
};

}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>

#include <string>
#include <utility>

namespace bight {

/// A descriptor that is ours to close: destroying it closes it, and it is closed once. The library's own are these, too.
///
/// What came over a Unix socket is one of these; `Socket::adopt(fd.detach())` makes a socket of it.
class FileDescriptor {
public:
    FileDescriptor() noexcept = default;  // none

    /// Takes charge of an open descriptor.
    explicit FileDescriptor(int fd) noexcept : fd_(fd) {}

    /// Opens a file for reading, close-on-exec. Raises OSError (FileNotFoundError, PermissionError …), and ValueError
    /// for a path with a NUL.
    static FileDescriptor open(const std::string& path);

    FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.detach()) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        FileDescriptor taken(std::move(other));
        std::swap(fd_, taken.fd_);
        return *this;
    }
    ~FileDescriptor() {
        if (fd_ >= 0) close_quietly();
    }

    /// -1 for none.
    int fileno() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }

    /// Gives the descriptor away without closing it.
    [[nodiscard]] int detach() noexcept { return std::exchange(fd_, -1); }

    /// Closes now. Raises OSError where the kernel says that data was lost, or that it was not open; it is gone in any
    /// case.
    void close();

    /// As close(), with the error returned.
    Result<void> try_close() noexcept;

private:
    void close_quietly() noexcept;

    int fd_ = -1;
};

}  // namespace bight

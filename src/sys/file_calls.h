// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>

#include <cstddef>
#include <cstdint>

// Files that are sent.
namespace bight::sys {

Result<int> open_for_reading(const char* path) noexcept;

enum class FileKind { regular, pipe, other };
Result<FileKind> file_kind(int fd) noexcept;

/// Makes `position`, counted from the begin, the place where the next read of the file begins.
Result<void> seek(int fd, std::uint64_t position) noexcept;

/// sendfile(2): moves bytes of a file, from `offset` on, to a socket. `offset` moves with them.
Result<std::size_t> sendfile(int to, int from, std::uint64_t& offset, std::size_t size) noexcept;

/// splice(2) from a pipe to a socket, as much as there is.
Result<std::size_t> splice(int from, int to, std::size_t size) noexcept;

/// While it lives, no write of this thread raises SIGPIPE: for the calls that know no MSG_NOSIGNAL. One that was
/// pending before stays so.
class SigpipeBlocked {
public:
    SigpipeBlocked() noexcept;
    ~SigpipeBlocked();
    SigpipeBlocked(const SigpipeBlocked&) = delete;
    SigpipeBlocked& operator=(const SigpipeBlocked&) = delete;

private:
    bool was_blocked_ = false;
    bool was_pending_ = false;
};

}  // namespace bight::sys

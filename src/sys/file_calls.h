// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/bytes.h>
#include <bight/error.h>

#include <cstddef>
#include <cstdint>

// Files that are sent.
namespace bight::sys {

Result<int> open_for_reading(const char* path) noexcept;

/// The same, but it waits for nobody: a pipe without a writer would.
Result<int> open_without_waiting(const char* path) noexcept;

/// pread(2): some of a file from `offset` on, wherever it stands. 0 at its end.
Result<std::size_t> read_at(int fd, MutableBytes memory, std::uint64_t offset) noexcept;

enum class FileKind { regular, pipe, socket, character_device, other };
Result<FileKind> file_kind(int fd) noexcept;

/// Makes `position`, counted from the begin, the place where the next read of the file begins.
Result<void> seek(int fd, std::uint64_t position) noexcept;

/// sendfile(2): moves bytes of a file, from `offset` on, to a socket. `offset` moves with them.
Result<std::size_t> sendfile(int to, int from, std::uint64_t& offset, std::size_t size) noexcept;

/// splice(2) from a pipe to a socket or the other way, as much as there is. The pipe is not waited for; the socket is,
/// unless it is non-blocking.
Result<std::size_t> splice(int from, int to, std::size_t size) noexcept;

/// How much a pipe holds: at least `size` bytes, where the kernel grants so much.
Result<void> enlarge_pipe(int fd, int size) noexcept;

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

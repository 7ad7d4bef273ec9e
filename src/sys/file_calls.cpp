// SPDX-License-Identifier: BSL-1.0
#include "sys/file_calls.h"

#include "sys/checked.h"

#include <csignal>

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bight::sys {

Result<int> open_for_reading(const char* path) noexcept {
    return checked(Call::open, [&] { return ::open(path, O_RDONLY | O_CLOEXEC); });
}

Result<int> open_without_waiting(const char* path) noexcept {
    return checked(Call::open, [&] { return ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); });
}

Result<std::size_t> read_at(int fd, MutableBytes memory, std::uint64_t offset) noexcept {
    return moved(Call::pread, memory.size(),
                 [&](std::size_t size) { return ::pread(fd, memory.data(), size, static_cast<off_t>(offset)); });
}

Result<FileKind> file_kind(int fd) noexcept {
    struct stat status{};
    auto asked = checked(Call::stat, [&] { return ::fstat(fd, &status); });
    if (!asked) return std::unexpected(asked.error());
    if (S_ISREG(status.st_mode)) return FileKind::regular;
    if (S_ISSOCK(status.st_mode)) return FileKind::socket;
    if (S_ISCHR(status.st_mode)) return FileKind::character_device;
    return S_ISFIFO(status.st_mode) ? FileKind::pipe : FileKind::other;
}

Result<void> seek(int fd, std::uint64_t position) noexcept {
    return checked_void(Call::lseek, [&] { return ::lseek(fd, static_cast<off_t>(position), SEEK_SET); });
}

Result<std::size_t> sendfile(int to, int from, std::uint64_t& offset, std::size_t size) noexcept {
    auto place = static_cast<off_t>(offset);
    auto count = moved(Call::sendfile, size, [&](std::size_t most) { return ::sendfile(to, from, &place, most); });
    if (count) offset += *count;
    return count;
}

Result<std::size_t> splice(int from, int to, std::size_t size) noexcept {
    return moved(Call::splice, size, [&](std::size_t most) {
        return ::splice(from, nullptr, to, nullptr, most, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    });
}

Result<void> enlarge_pipe(int fd, int size) noexcept {
    return checked_void(Call::fcntl, [&] { return ::fcntl(fd, F_SETPIPE_SZ, size) < 0 ? -1 : 0; });
}

SigpipeBlocked::SigpipeBlocked() noexcept {
    sigset_t pipe, pending, before;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ::sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe, &before);
    was_blocked_ = sigismember(&before, SIGPIPE) == 1;
}

SigpipeBlocked::~SigpipeBlocked() {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    timespec at_once{};
    if (!was_pending_) ::sigtimedwait(&pipe, nullptr, &at_once);  // the one that our writes made, if they did
    if (!was_blocked_) ::pthread_sigmask(SIG_UNBLOCK, &pipe, nullptr);
}

}  // namespace bight::sys

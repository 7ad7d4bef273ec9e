// SPDX-License-Identifier: BSL-1.0
#include "sys/folder_calls.h"

#include "sys/checked.h"

#include <cstdio>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bight::sys {
namespace {

Result<int> open_beneath(int folder, const char* name, int flags, unsigned mode) noexcept {
    open_how how{};
    how.flags = static_cast<unsigned>(flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    how.mode = mode;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    // By number: the C library has no function for it.
    return checked(Call::openat2,
                   [&] { return static_cast<int>(::syscall(SYS_openat2, folder, name, &how, sizeof how)); });
}

FileFacts facts(const struct stat& status) noexcept {
    return {status.st_dev, status.st_ino,   static_cast<std::uint64_t>(status.st_size),
            status.st_uid, status.st_nlink, S_ISREG(status.st_mode)};
}

}  // namespace

Result<int> open_folder(const char* path) noexcept {
    return checked(Call::open, [&] { return ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
}

Result<int> create_in(int folder, const char* name) noexcept {
    return open_beneath(folder, name, O_RDWR | O_CREAT | O_EXCL, 0600);
}

Result<int> open_in(int folder, const char* name, Use use) noexcept {
    return open_beneath(folder, name, use == Use::writing ? O_RDWR : O_RDONLY, 0);
}

Result<FileFacts> facts_of(int fd) noexcept {
    struct stat status{};
    auto asked = checked(Call::stat, [&] { return ::fstat(fd, &status); });
    if (!asked) return std::unexpected(asked.error());
    return facts(status);
}

Result<FileFacts> facts_in(int folder, const char* name) noexcept {
    struct stat status{};
    auto asked = checked(Call::stat, [&] { return ::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW); });
    if (!asked) return std::unexpected(asked.error());
    return facts(status);
}

Result<void> unlink_in(int folder, const char* name) noexcept {
    return checked_void(Call::unlink, [&] { return ::unlinkat(folder, name, 0); });
}

Result<void> rename_in(int folder, const char* from, const char* to, Replace replace) noexcept {
    if (replace == Replace::yes)
        return checked_void(Call::rename, [&] { return ::renameat(folder, from, folder, to); });
    auto renamed = checked_void(Call::renameat2,
                                [&] { return ::renameat2(folder, from, folder, to, RENAME_NOREPLACE); });
    if (renamed || renamed.error() != std::errc::invalid_argument) return renamed;
    // A file system that knows no flags: a second name that must be new, and then without the first.
    auto linked = checked_void(Call::link, [&] { return ::linkat(folder, from, folder, to, 0); });
    return linked ? unlink_in(folder, from) : linked;
}

Result<void> truncate(int fd, std::uint64_t size) noexcept {
    return checked_void(Call::ftruncate, [&] { return ::ftruncate(fd, static_cast<off_t>(size)); });
}

Result<void> sync(int fd) noexcept {
    return checked_void(Call::fsync, [&] { return ::fsync(fd); });
}

Result<void> lock(int fd) noexcept {
    return checked_void(Call::flock, [&] { return ::flock(fd, LOCK_EX | LOCK_NB); });
}

Result<std::uint64_t> free_space(int fd) noexcept {
    struct statvfs status{};
    auto asked = checked(Call::fstatfs, [&] { return ::fstatvfs(fd, &status); });
    if (!asked) return std::unexpected(asked.error());
    return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace bight::sys

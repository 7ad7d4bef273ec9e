// SPDX-License-Identifier: BSL-1.0
#include "sys/calls.h"
#include "sys/checked.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bight::sys {

Result<std::size_t> read(int fd, MutableBytes memory) noexcept {
    return moved(Call::read, memory.size(), [&](std::size_t size) { return ::read(fd, memory.data(), size); });
}

Result<std::size_t> write(int fd, Bytes data) noexcept {
    return moved(Call::write, data.size(), [&](std::size_t size) { return ::write(fd, data.data(), size); });
}

Result<void> close(int fd) noexcept {
    // An injected error is reported after the real close, as the kernel does it: the descriptor is gone either way.
    bool closed = ::close(fd) == 0;
    int errnum = errno;
    if constexpr (seam::built)
        if (Fault fault = seam::consult(Call::close); fault.errnum != 0) return failed(fault.errnum);
    if (!closed) return failed(errnum);
    return {};
}

Result<int> duplicate(int fd) noexcept {
    return checked(Call::fcntl, [&] { return ::fcntl(fd, F_DUPFD_CLOEXEC, 0); });
}

Result<void> duplicate_onto(int fd, int onto) noexcept {
    return checked_void(Call::fcntl, [&] { return ::dup3(fd, onto, O_CLOEXEC); });
}

Result<void> set_nonblocking(int fd, bool nonblocking) noexcept {
    int on = nonblocking ? 1 : 0;
    return checked_void(Call::fcntl, [&] { return ::ioctl(fd, FIONBIO, &on); });
}

Result<bool> is_nonblocking(int fd) noexcept {
    auto flags = checked(Call::fcntl, [&] { return ::fcntl(fd, F_GETFL); });
    if (!flags) return std::unexpected(flags.error());
    return (*flags & O_NONBLOCK) != 0;
}

Result<void> set_inheritable(int fd, bool inheritable) noexcept {
    return checked_void(Call::fcntl, [&] { return ::fcntl(fd, F_SETFD, inheritable ? 0 : FD_CLOEXEC); });
}

Result<bool> is_inheritable(int fd) noexcept {
    auto flags = checked(Call::fcntl, [&] { return ::fcntl(fd, F_GETFD); });
    if (!flags) return std::unexpected(flags.error());
    return (*flags & FD_CLOEXEC) == 0;
}

Result<int> eventfd() noexcept {
    return checked(Call::eventfd, [] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); });
}

Result<int> readable_bytes(int fd) noexcept {
    int count = 0;
    if (auto asked = checked_void(Call::fcntl, [&] { return ::ioctl(fd, FIONREAD, &count); }); !asked)
        return std::unexpected(asked.error());
    return count;
}

Result<void> unlink(const char* path) noexcept {
    return checked_void(Call::unlink, [&] { return ::unlink(path); });
}

namespace {

template <class Ask>
Result<FileIdentity> identity(Ask ask) noexcept {
    struct stat status{};
    auto asked = checked(Call::stat, [&] { return ask(status); });
    if (!asked) return std::unexpected(asked.error());
    return FileIdentity{status.st_dev, status.st_ino, status.st_uid, S_ISSOCK(status.st_mode)};
}

}  // namespace

Result<FileIdentity> identify(const char* path) noexcept {
    return identity([=](struct stat& status) { return ::lstat(path, &status); });
}

Result<FileIdentity> identify(int fd) noexcept {
    return identity([=](struct stat& status) { return ::fstat(fd, &status); });
}

Result<void> set_mode(int fd, unsigned mode) noexcept {
    return checked_void(Call::fchmod, [=] { return ::fchmod(fd, static_cast<mode_t>(mode)); });
}

Result<int> open_null() noexcept {
    return checked(Call::open, [] { return ::open("/dev/null", O_RDWR | O_CLOEXEC); });
}

std::uint32_t user() noexcept { return ::geteuid(); }

}  // namespace bight::sys

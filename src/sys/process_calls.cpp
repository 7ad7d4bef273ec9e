// SPDX-License-Identifier: BSL-1.0
#include "sys/checked.h"
#include "sys/processes.h"

#include <charconv>
#include <csignal>
#include <cstring>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bight::sys {

Result<int> fork() noexcept {
    return checked(Call::fork, [] { return ::fork(); });
}

Result<int> pidfd_open(int pid) noexcept {
    // By number: the C library has a function for it only since 2.36. The kernel sets close-on-exec.
    return checked(Call::pidfd_open, [=] { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); });
}

Result<bool> collect(int pid) noexcept {
    auto collected = checked(Call::wait4, [=] { return ::waitpid(pid, nullptr, WNOHANG); });
    if (!collected) return std::unexpected(collected.error());
    return *collected != 0;
}

Result<void> kill(int pid, int pidfd) noexcept {
    return checked_void(Call::kill, [=] {
        if (pidfd < 0) return ::kill(pid, SIGKILL);
        return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0));
    });
}

std::size_t descriptor_limit() noexcept {
    rlimit limit{};
    (void)::getrlimit(RLIMIT_NOFILE, &limit);  // cannot fail
    return static_cast<std::size_t>(limit.rlim_cur);
}

std::vector<int> open_descriptors() {
    std::vector<int> found;
    std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
    if (!folder) {
        for (int fd = 0; fd < static_cast<int>(descriptor_limit()); ++fd)
            if (::fcntl(fd, F_GETFD) >= 0) found.push_back(fd);
        return found;
    }
    while (const dirent* entry = ::readdir(folder.get())) {
        int fd = 0;
        const char* end = entry->d_name + std::strlen(entry->d_name);
        auto [rest, error] = std::from_chars(entry->d_name, end, fd);
        if (error == std::errc() && rest == end && fd != ::dirfd(folder.get())) found.push_back(fd);
    }
    return found;
}

Result<void> die_with(int parent) noexcept {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return failed(errno);
    if (::getppid() != parent) ::_exit(1);
    return {};
}

int process() noexcept { return ::getpid(); }

Result<void*> map_shared(std::size_t size) noexcept {
    if constexpr (seam::built)
        if (Fault fault = seam::consult(Call::mmap); fault.errnum != 0) return failed(fault.errnum);
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return failed(errno);
    return memory;
}

void unmap(void* memory, std::size_t size) noexcept { (void)::munmap(memory, size); }

void exit_now(int status) noexcept { ::_exit(status); }

}  // namespace bight::sys

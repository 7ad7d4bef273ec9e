// SPDX-License-Identifier: BSL-1.0
#include "sys/checked.h"
#include "sys/processes.h"

#include <csignal>

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

void exit_now(int status) noexcept { ::_exit(status); }

}  // namespace bight::sys

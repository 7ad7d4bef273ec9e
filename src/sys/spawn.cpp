// SPDX-License-Identifier: BSL-1.0
#include "sys/spawn.h"

#include "sys/checked.h"

#include <cerrno>
#include <csignal>
#include <ctime>

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bight::sys {
namespace {

constexpr int first_above_standard = 3;

}  // namespace

// ---- Pipes. ------------------------------------------------------------------------------------------------------------

Result<int> duplicate_above_standard(int fd) noexcept {
    return checked(Call::fcntl, [=] { return ::fcntl(fd, F_DUPFD_CLOEXEC, first_above_standard); });
}

Result<TwoDescriptors> pipe() noexcept {
    int ends[2] = {-1, -1};
    auto made = checked_void(Call::pipe2, [&] { return ::pipe2(ends, O_CLOEXEC); });
    if (!made) return std::unexpected(made.error());
    for (int& end : ends) {
        if (end >= first_above_standard) continue;
        auto moved_up = duplicate_above_standard(end);
        if (!moved_up) {
            for (int each : ends) (void)::close(each);
            return std::unexpected(moved_up.error());
        }
        (void)::close(end);
        end = *moved_up;
    }
    return TwoDescriptors{ends[0], ends[1]};
}

// A pipe has no MSG_NOSIGNAL: the signal is kept from coming, and taken away where it is ours.
Result<std::size_t> write_pipe(int fd, Bytes data) noexcept {
    sigset_t broken, before, pending;
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    sigemptyset(&pending);
    (void)::sigpending(&pending);
    (void)::pthread_sigmask(SIG_BLOCK, &broken, &before);
    auto count = write(fd, data);
    if (!count && count.error().number() == EPIPE && sigismember(&pending, SIGPIPE) == 0) {
        timespec at_once{};
        (void)::sigtimedwait(&broken, nullptr, &at_once);
    }
    (void)::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return count;
}

// ---- Children. ---------------------------------------------------------------------------------------------------------

namespace {

/// What posix_spawn(3) is to do in the child, and how; freed with it. Each function answers an errno.
class SpawnPlan {
public:
    SpawnPlan() noexcept { (void)(::posix_spawn_file_actions_init(&actions_), ::posix_spawnattr_init(&attributes_)); }
    ~SpawnPlan() {
        (void)::posix_spawn_file_actions_destroy(&actions_);
        (void)::posix_spawnattr_destroy(&attributes_);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;

    void fill(const Spawning& what) noexcept {
        if (what.folder) note(::posix_spawn_file_actions_addchdir_np(&actions_, what.folder));
        for (int number = 0; number < 3; ++number) {
            int fd = what.descriptors[number];
            if (fd >= 0) note(::posix_spawn_file_actions_adddup2(&actions_, fd, number));
        }
        if (what.error_is_output) note(::posix_spawn_file_actions_adddup2(&actions_, 1, 2));
        note(::posix_spawn_file_actions_addclosefrom_np(&actions_, first_above_standard));
        sigset_t blocked, defaults;
        sigemptyset(&blocked);
        for (int sig = 1; sig <= 64; ++sig)
            if (what.blocked & only(sig)) sigaddset(&blocked, sig);
        sigemptyset(&defaults);
        sigaddset(&defaults, SIGPIPE);
        sigaddset(&defaults, SIGXFSZ);
        note(::posix_spawnattr_setsigmask(&attributes_, &blocked));
        note(::posix_spawnattr_setsigdefault(&attributes_, &defaults));
        note(::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
    }

    int run(const Spawning& what, pid_t& child) noexcept {
        if (errnum_ != 0) return errnum_;
        return ::posix_spawnp(&child, what.argv[0], &actions_, &attributes_, what.argv,
                              what.environment ? what.environment : environ);
    }

private:
    void note(int errnum) noexcept {
        if (errnum_ == 0) errnum_ = errnum;
    }

    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
    int errnum_ = 0;
};

}  // namespace

Result<int> spawn(const Spawning& what) noexcept {
    if constexpr (seam::built)
        if (Fault fault = seam::consult(Call::fork); fault.errnum != 0) return failed(fault.errnum);
    SpawnPlan plan;
    plan.fill(what);
    pid_t child = -1;
    int errnum = plan.run(what, child);
    if (errnum != 0) return failed(errnum);
    return child;
}

Result<ChildStatus> collect_status(int pid, bool wait) noexcept {
    int status = 0;
    auto collected = checked(Call::wait4, [&] { return ::waitpid(pid, &status, wait ? 0 : WNOHANG); });
    if (!collected) return std::unexpected(collected.error());
    ChildStatus child;
    child.has_ended = *collected != 0;
    child.code = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    return child;
}

Result<void> send_signal(int pidfd, int sig) noexcept {
    return checked_void(Call::kill,
                        [=] { return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, sig, nullptr, 0)); });
}

}  // namespace bight::sys

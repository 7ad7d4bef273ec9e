// SPDX-License-Identifier: BSL-1.0
#include "sys/signal_calls.h"

#include "sys/checked.h"

#include <csignal>

#include <sys/signalfd.h>
#include <unistd.h>

namespace bight::sys {
namespace {

sigset_t set_of(SignalSet signals) noexcept {
    sigset_t set;
    sigemptyset(&set);
    for (int sig = 1; sig <= 64; ++sig)
        if (signals & only(sig)) sigaddset(&set, sig);
    return set;
}

Result<void> change_mask(int how, SignalSet signals) noexcept {
    if constexpr (seam::built)
        if (Fault fault = seam::consult(Call::rt_sigprocmask); fault.errnum != 0) return failed(fault.errnum);
    sigset_t set = set_of(signals);
    int errnum = ::pthread_sigmask(how, &set, nullptr);
    if (errnum != 0) return failed(errnum);
    return {};
}

}  // namespace

bool is_signal(int sig) noexcept {
    sigset_t set;
    sigemptyset(&set);
    return sig > 0 && sig <= 64 && sigaddset(&set, sig) == 0;  // the C library keeps some for itself
}

bool can_be_caught(int sig) noexcept { return sig != SIGKILL && sig != SIGSTOP; }

SignalSet blocked_signals() noexcept {
    sigset_t set;
    sigemptyset(&set);
    (void)::pthread_sigmask(SIG_BLOCK, nullptr, &set);  // cannot fail
    SignalSet signals = 0;
    for (int sig = 1; sig <= 64; ++sig)
        if (sigismember(&set, sig) == 1) signals |= only(sig);
    return signals;
}

Result<void> block_signals(SignalSet signals) noexcept { return change_mask(SIG_BLOCK, signals); }
Result<void> unblock_signals(SignalSet signals) noexcept { return change_mask(SIG_UNBLOCK, signals); }

Result<int> signalfd(int fd, SignalSet signals) noexcept {
    sigset_t set = set_of(signals);
    return checked(Call::signalfd, [&] { return ::signalfd(fd, &set, SFD_CLOEXEC | SFD_NONBLOCK); });
}

Result<int> read_signal(int signalfd) noexcept {
    signalfd_siginfo info{};
    auto count = checked(Call::read, [&] { return ::read(signalfd, &info, sizeof info); });
    if (!count) return std::unexpected(count.error());
    return static_cast<int>(info.ssi_signo);
}

}  // namespace bight::sys

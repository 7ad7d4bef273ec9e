// SPDX-License-Identifier: BSL-1.0
#include "sys/threads.h"

#include "sys/checked.h"

#include <climits>
#include <csignal>
#include <ctime>
#include <new>
#include <system_error>
#include <thread>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bight::sys {
namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == 4 && std::atomic<std::uint32_t>::is_always_lock_free);

}  // namespace

Result<void> start_thread(std::function<void()> body) noexcept {
    sigset_t all, before;
    sigfillset(&all);
    (void)::pthread_sigmask(SIG_SETMASK, &all, &before);  // a thread inherits the mask; these cannot fail
    auto thread = start_joinable(std::move(body));
    (void)::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (!thread) return std::unexpected(thread.error());
    thread->detach();
    return {};
}

Result<std::thread> start_joinable(std::function<void()> body) noexcept {
    if constexpr (seam::built)
        if (Fault fault = seam::consult(Call::clone); fault.errnum != 0) return failed(fault.errnum);
    try {
        return std::thread(std::move(body));
    } catch (const std::system_error& error) {
        return failed(error.code().value());
    } catch (const std::bad_alloc&) {
        return failed(ENOMEM);
    }
}

Result<void> wait_while(const std::atomic<std::uint32_t>& word, std::uint32_t value, Timeout limit) noexcept {
    auto left = limit.value_or(Duration::zero());
    auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    timespec time{static_cast<time_t>(seconds.count()), static_cast<long>((left - seconds).count())};
    auto waited = checked(Call::futex, [&] {
        return ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, limit ? &time : nullptr, nullptr, 0);
    });
    if (!waited && waited.error().number() != EAGAIN) return std::unexpected(waited.error());
    return {};
}

void wake_all(const std::atomic<std::uint32_t>& word) noexcept {
    (void)::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace bight::sys

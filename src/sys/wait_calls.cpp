// SPDX-License-Identifier: BSL-1.0
#include "sys/calls.h"
#include "sys/checked.h"

#include <climits>
#include <ctime>

#include <sys/syscall.h>
#include <unistd.h>

namespace bight::sys {
namespace {

constexpr std::int64_t nanoseconds_a_second = 1'000'000'000;

timespec timespec_of(Duration duration) noexcept {
    auto nanoseconds = duration.count() < 0 ? 0 : duration.count();
    return {static_cast<time_t>(nanoseconds / nanoseconds_a_second),
            static_cast<long>(nanoseconds % nanoseconds_a_second)};
}

}  // namespace

TimePoint now() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return TimePoint(Duration(time.tv_sec * nanoseconds_a_second + time.tv_nsec));
}

Result<int> poll(std::span<pollfd> descriptors, Timeout timeout) noexcept {
    timespec limit = timespec_of(timeout.value_or(Duration::zero()));
    return checked(Call::poll, [&] {
        return ::ppoll(descriptors.data(), descriptors.size(), timeout ? &limit : nullptr, nullptr);
    });
}

Result<int> select(int count, fd_set* readers, fd_set* writers, fd_set* exceptional, Timeout timeout) noexcept {
    timespec limit = timespec_of(timeout.value_or(Duration::zero()));
    return checked(Call::select, [&] {
        return ::pselect(count, readers, writers, exceptional, timeout ? &limit : nullptr, nullptr);
    });
}

Result<int> epoll_create() noexcept {
    return checked(Call::epoll_create1, [] { return ::epoll_create1(EPOLL_CLOEXEC); });
}

Result<void> epoll_ctl(int epoll, int operation, int fd, std::uint32_t events, std::uint64_t data) noexcept {
    epoll_event event{};
    event.events = events;
    event.data.u64 = data;
    return checked_void(Call::epoll_ctl, [&] { return ::epoll_ctl(epoll, operation, fd, &event); });
}

Result<int> epoll_wait_limited(int epoll, std::span<epoll_event> events, Duration limit) noexcept {
    auto room = static_cast<int>(events.size());
    return checked(Call::epoll_wait, [&]() -> int {
        timespec time = timespec_of(limit);
        auto ready = static_cast<int>(::syscall(SYS_epoll_pwait2, epoll, events.data(), room, &time, nullptr, 0));
        bool is_unknown = ready < 0 && (errno == ENOSYS || errno == EPERM);  // EPERM: to a filter of system calls
        if (!is_unknown) return ready;
        // A kernel before 5.11 counts milliseconds: round up, for a wait must not end early and spin.
        auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
        return ::epoll_wait(epoll, events.data(), room,
                            static_cast<int>(milliseconds < INT_MAX ? milliseconds : INT_MAX));
    });
}

}  // namespace bight::sys

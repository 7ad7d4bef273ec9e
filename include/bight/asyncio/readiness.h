// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/wait_list.h>

#include <coroutine>
#include <cstdint>

namespace bight::asyncio {

namespace detail {

enum class Side : std::uint8_t { reading, writing };

/// Waits until a descriptor is ready.
struct [[nodiscard]] ReadyWait : ListedWaiter {
    ReadyWait(int descriptor, Side what) noexcept : ListedWaiter(&end_wait), fd(descriptor), side(what) {}
    bool await_ready() noexcept { return begin(); }
    void await_suspend(detail::TaskCoroutine coroutine) noexcept;
    void await_resume() const;
    static void end_wait(Waiter& waiter) noexcept;

    int fd;
    Side side;
    int errnum = 0;
    WaitList* list = nullptr;
};

}  // namespace detail

/// `co_await readable(fd)`: waits until there is something to read, an end or an error, of any descriptor that poll(2) can
/// wait for. Its flags are not touched. Several tasks may wait, and all go on. Keep the descriptor open meanwhile. Raises
/// OSError: EBADF, and EPERM for a file on a disk where the engine is epoll.
inline detail::ReadyWait readable(int fd) noexcept { return {fd, detail::Side::reading}; }

/// Waits until something can be written.
inline detail::ReadyWait writable(int fd) noexcept { return {fd, detail::Side::writing}; }

}  // namespace bight::asyncio

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/lowlevel.h>
#include <bight/socket.h>

#include <chrono>
#include <span>

namespace bight::testing {

/// While it lives, this thread's interrupt hook raises a Signal.
class RaisingHook {
public:
    struct Signal {};

    RaisingHook() : before_(lowlevel::set_interrupt_hook([] { throw Signal(); })) {}
    ~RaisingHook() { lowlevel::set_interrupt_hook(before_); }
    RaisingHook(const RaisingHook&) = delete;
    RaisingHook& operator=(const RaisingHook&) = delete;

private:
    lowlevel::InterruptHook before_;
};

/// Makes the open file of a socket with a limit blocking, as any process may that shares it. A call that then trusts
/// O_NONBLOCK waits in the kernel, which ends that after ten seconds: the test is to see that it took so long.
inline void make_blocking_behind_its_back(Socket& socket) {
    timeval most{10, 0};
    for (int option : {SO_RCVTIMEO, SO_SNDTIMEO})
        socket.setsockopt(SOL_SOCKET, option, std::as_bytes(std::span(&most, 1)));
    socket.dup().settimeout(std::nullopt);
}

/// How long `action` takes.
template <class Action>
std::chrono::steady_clock::duration time_of(Action action) {
    auto begin = std::chrono::steady_clock::now();
    action();
    return std::chrono::steady_clock::now() - begin;
}

}  // namespace bight::testing

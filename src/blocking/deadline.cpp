// SPDX-License-Identifier: BSL-1.0
#include "blocking/deadline.h"

#include <bight/lowlevel.h>

#include <cerrno>
#include <utility>

namespace bight {
namespace {

thread_local constinit lowlevel::InterruptHook interrupt_hook = nullptr;

}  // namespace

namespace lowlevel {

InterruptHook set_interrupt_hook(InterruptHook hook) noexcept { return std::exchange(interrupt_hook, hook); }

}  // namespace lowlevel

void interrupted() {
    if (interrupt_hook) interrupt_hook();
}

Result<void> wait_until_ready(int fd, short events, const Deadline& deadline) {
    pollfd descriptor{fd, events, 0};
    while (true) {
        auto ready = sys::poll({&descriptor, 1}, deadline.left());
        if (ready && *ready > 0) return {};
        if (ready) return std::unexpected(Errno(ETIMEDOUT));
        if (ready.error().number() != EINTR) return std::unexpected(ready.error());
        interrupted();
    }
}

}  // namespace bight

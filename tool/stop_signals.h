// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/socket.h>

#include <optional>
#include <thread>

namespace bight::tool {

/// SIGINT and SIGTERM as something to wait for, instead of something that interrupts.
///
/// Made before any thread is, for threads inherit that the two are blocked. Has a fileno(), so that event loops can
/// watch it. Never closed: a second signal ends the process at any time.
class StopSignals {
public:
    StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    int fileno() const noexcept { return fd_; }

    /// The number of a signal that has come; none if there is none.
    std::optional<int> take() noexcept;

private:
    int fd_;
};

/// While it lives, a signal ends the process at once, as if it were not blocked: for calls that wait and look at nothing
/// else.
class ExitOnSignal {
public:
    explicit ExitOnSignal(StopSignals& signals);
    ~ExitOnSignal();
    ExitOnSignal(const ExitOnSignal&) = delete;
    ExitOnSignal& operator=(const ExitOnSignal&) = delete;

private:
    socket::SocketPair end_;  // closing the first wakes the thread
    std::thread thread_;
};

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/socket.h>

#include <atomic>
#include <functional>
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

    /// The number of a signal that has come; none if there is none. One that this process has sent itself begins its end
    /// and is no second one, nor is the first from outside after it.
    std::optional<int> take() noexcept;

private:
    int fd_;
    std::atomic<bool> has_begun_ = false;   // a signal was told of
    std::atomic<bool> spares_one_ = false;  // it was our own, so the next from outside is no second one
};

/// While it lives, the first signal has `action` done, in a thread of its own, and a second one ends the process at once.
class OnSignal {
public:
    OnSignal(StopSignals& signals, std::function<void(int signal)> action);
    ~OnSignal();
    OnSignal(const OnSignal&) = delete;
    OnSignal& operator=(const OnSignal&) = delete;

private:
    socket::SocketPair end_;  // closing the first wakes the thread
    std::thread thread_;
};

/// While it lives, the first signal shuts a connection down, so that whoever waits for it goes on.
class ShutdownOnSignal {
public:
    /// The connection must outlive it, and not be closed meanwhile.
    ShutdownOnSignal(StopSignals& signals, Socket& connection);

    /// The number of the signal that came; 0 for none.
    int signal() const noexcept { return signal_; }

private:
    std::atomic<int> signal_ = 0;
    OnSignal watch_;
};

/// While it lives, a signal ends the process at once, as if it were not blocked: for calls that wait and look at nothing
/// else.
class ExitOnSignal : OnSignal {
public:
    explicit ExitOnSignal(StopSignals& signals);
};

}  // namespace bight::tool

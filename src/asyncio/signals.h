// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/loop.h>
#include <bight/asyncio/signals.h>
#include <bight/file_descriptor.h>

#include "sys/signal_calls.h"

#include <array>

namespace bight::asyncio::detail {

struct Loop;

/// The signals that a loop takes: blocked, and read from one signalfd(2).
class Signals {
public:
    explicit Signals(Loop& loop) noexcept : loop_(loop) {}
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    /// In place of what was called before. Takes the reference, also where it raises.
    void set_handler(int sig, CallState& call);
    bool remove_handler(int sig) noexcept;

    void add(SignalReceiver& receiver);
    void remove(SignalReceiver& receiver) noexcept;

    /// Those that are blocked for the loop's sake: a child is not to block them.
    sys::SignalSet blocked_by_us() const noexcept { return ours_; }

    /// Before the loop ends: the mask of the thread is again what it was.
    void close() noexcept;

private:
    sys::SignalSet wanted() const noexcept;
    void update();
    void let_go() noexcept;
    void read() noexcept;
    void dispatch(int sig) noexcept;

    Loop& loop_;
    std::array<CallState*, 65> handlers_{};
    SignalReceiver* receivers_ = nullptr;
    FileDescriptor fd_;
    sys::SignalSet taken_ = 0;  // what the descriptor tells of
    sys::SignalSet ours_ = 0;   // what was not blocked before
};

}  // namespace bight::asyncio::detail

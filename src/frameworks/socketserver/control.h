// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/file_descriptor.h>
#include <bight/socketserver.h>

#include "sys/calls.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace bight::socketserver {

/// What shutdown() and serve_forever() say to each other. The loop waits for its socket and for an eventfd at once, so
/// that a request to stop is seen without polling for it.
struct BaseServer::Control {
    enum class Woken { by_request, otherwise };

    Control();

    bool stop_requested() const noexcept { return stop_requested_; }

    /// Waits until `fd` is readable, somebody asks to stop, or the interval has passed.
    Woken wait(int fd, Timeout interval);

    /// As wait(), looking at no descriptor.
    void pause(Duration duration) { (void)wait(-1, duration); }

    /// Asks to stop, and waits until the loop has ended; not on the loop's own thread.
    void stop();

    /// In a child process: what it has of the wake-up is shared with the parent, whose loop it must not disturb.
    void forget_parent() noexcept { (void)wake_.try_close(); }

    /// The time of one serve_forever().
    class Serving {
    public:
        explicit Serving(Control& control);
        ~Serving();

    private:
        Control& control_;
    };

private:
    FileDescriptor wake_;
    std::atomic<bool> stop_requested_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool ended_ = false;  // a loop has run to its end, and no other has begun
    std::thread::id server_;
};

}  // namespace bight::socketserver

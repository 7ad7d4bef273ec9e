// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/file_descriptor.h>
#include <bight/socketserver.h>

#include "blocking/deadline.h"
#include "blocking/socket_state.h"
#include "sys/calls.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace bight::socketserver {

/// Waits until `done` holds: then true; false at the deadline.
template <class Predicate>
bool wait_until(std::condition_variable& changed, std::unique_lock<std::mutex>& lock, const Deadline& deadline,
                Predicate done) {
    while (!done()) {
        auto left = deadline.left();
        if (!left)
            changed.wait(lock);
        else if (*left <= Duration::zero())
            return false;
        else
            changed.wait_for(lock, *left);
    }
    return true;
}

/// What shutdown(), stop() and serve_forever() say to each other. The loop waits for its socket and for an eventfd at
/// once, so that a request to stop is seen without polling for it.
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

    // ---- stop(). -------------------------------------------------------------------------------------------------------

    enum class Begun { loop_asked, no_loop, before };

    /// Asks the loop to drain. `before` if a stop() is under way or over. Raises BusyError on the loop's own thread.
    Begun begin_stop(std::size_t running_elsewhere);

    /// Whether this server has been told to stop for good.
    bool stopping() const noexcept { return stopping_; }

    /// The loop has seen the wish to stop: from here on pauses are pauses again.
    void begin_drain();
    bool draining() const noexcept { return draining_; }

    /// Until a loop has drained and ended, or has ended without.
    bool wait_for_loop(const Deadline& deadline);

    /// Whether the loop ended without draining: true once.
    bool was_left_undrained();
    bool wait_stopped(const Deadline& deadline);

    /// The deadline has passed: what runs is aborted, and nothing more is begun.
    void force(std::size_t running_elsewhere) noexcept;
    bool forced() const noexcept { return forced_; }

    StopTally end_stop(bool completed);
    StopTally tally();

    /// The time of one process_request(), in which stop() may abort the connection.
    class Processing {
    public:
        Processing(Control& control, const Socket& request);
        ~Processing();

    private:
        Control& control_;
    };

    void count_refused() noexcept { ++refused_; }
    void count_not_begun() noexcept { --begun_, ++refused_; }

    /// In a child process: what it has of the wake-up is shared with the parent, whose loop it must not disturb.
    void forget_parent() noexcept { (void)wake_.try_close(); }

    /// The time of one serve_forever(); of none, if another drains already.
    class Serving {
    public:
        explicit Serving(Control& control);
        ~Serving();
        explicit operator bool() const noexcept { return serves_; }

    private:
        Control& control_;
        bool serves_ = true;
    };

private:
    void ask_loop() noexcept;  // under the lock

    FileDescriptor wake_;
    std::atomic<bool> stop_requested_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool ended_ = false;  // a loop has run to its end, and no other has begun
    std::thread::id server_;

    std::atomic<std::uint64_t> begun_ = 0;
    std::atomic<std::uint64_t> refused_ = 0;
    bool processing_ = false;
    std::weak_ptr<SocketState> connection_;  // that is processed; of streams
    std::atomic<bool> stopping_ = false;
    std::atomic<bool> forced_ = false;
    bool draining_ = false;  // the loop's own
    bool drained_ = false;
    bool left_undrained_ = false;
    bool stopped_ = false;
    StopTally tally_;
};

}  // namespace bight::socketserver

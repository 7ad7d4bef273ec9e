// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/file_descriptor.h>
#include <bight/socketserver.h>

#include "blocking/deadline.h"
#include "blocking/socket_state.h"
#include "frameworks/socketserver/account.h"
#include "sys/calls.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
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
    ~Control();

    /// The server is bound: see Siblings.
    void set_address(Kind kind, const Address& address);

    bool stop_requested() const noexcept { return stop_requested_; }

    /// Whether shutdown() or stop() wants the loop to end.
    bool is_to_end() const noexcept { return stop_requested() || stopping(); }

    /// Waits until `fd` is readable, somebody asks to stop, or the interval has passed.
    Woken wait(int fd, Timeout interval);

    /// As wait(), for handle_request(): only stop() wakes it, and a wish of shutdown() is left to the next loop.
    Woken wait_for_one(int fd, const Deadline& deadline);

    /// As wait(), looking at no descriptor.
    void pause(Duration duration) { (void)wait(-1, duration); }

    /// Asks to stop, and waits until the loop has ended; not on the loop's own thread.
    void stop();

    void count_refused_proxy() noexcept { account_->refuse_proxy(); }
    std::uint64_t refused_proxies() const noexcept {
        auto all = own_account_.refused_proxies();
        for (const auto& account : shared_) all += account.refused_proxies();
        return all;
    }

    // ---- stop(). -------------------------------------------------------------------------------------------------------

    enum class Begun { loop_asked, no_loop, before };

    /// Asks the loop to drain. `before` if a stop() is under way or over. Raises BusyError on the loop's own thread.
    Begun begin_stop();

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
    void force() noexcept;
    bool forced() const noexcept { return forced_; }

    void take_wake_up() noexcept;

    StopTally end_stop(bool completed);
    StopTally tally();

    /// The time of one process_request(), in which stop() may abort the connection. The request ends with it, unless it
    /// was left running.
    class Processing {
    public:
        Processing(Control& control, const Socket& request);
        ~Processing();

    private:
        Control& control_;
    };

    /// The request in hand goes on, or is refused, elsewhere: whoever does that accounts for it.
    void leave_running() noexcept { in_hand_ = false; }

    /// Of the loop, and for its own thread.
    Timeout poll_interval() const noexcept { return poll_interval_; }
    void set_poll_interval(Timeout interval) noexcept { poll_interval_ = interval; }

    /// Where this process counts; in a worker, that of its place.
    Account& account() noexcept { return *account_; }
    void count_in(Account& account) noexcept { account_ = &account; }

    /// These count besides.
    void share(std::span<Account> accounts) noexcept { shared_ = accounts; }

    /// Around fork(2): the child finds the lock open.
    std::unique_lock<std::mutex> hold() { return std::unique_lock(mutex_); }

    /// What serves in the place of the loop, where there is any.
    class Supervisor {
    public:
        virtual ~Supervisor() = default;
        virtual void serve(Timeout poll_interval) = 0;
    };
    Supervisor* supervisor = nullptr;

    /// The time of one serve_forever(), or of one handle_request(); of none, if another drains already.
    class Serving {
    public:
        enum Kind { forever, one_request };

        explicit Serving(Control& control, Kind kind = forever);
        ~Serving();
        explicit operator bool() const noexcept { return serves_; }

    private:
        Control& control_;
        Kind kind_;
        bool serves_ = true;
    };

private:
    void ask_loop() noexcept;  // under the lock
    Account::Reading read() const noexcept;

    FileDescriptor wake_;
    std::atomic<bool> stop_requested_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool ended_ = false;      // a loop has run to its end, and no other has begun
    std::uint64_t ends_ = 0;  // of loops: one that begins again at once must not hide that the one before has ended
    std::thread::id server_;

    Timeout poll_interval_ = default_poll_interval;
    Account own_account_;
    Account* account_ = &own_account_;
    std::span<Account> shared_;
    bool in_hand_ = false;                   // the serving thread's own: the request that is processed ends with that
    std::weak_ptr<SocketState> connection_;  // that is processed; of streams
    std::atomic<bool> stopping_ = false;
    std::atomic<bool> forced_ = false;
    std::atomic<bool> draining_ = false;
    bool drained_ = false;
    bool left_undrained_ = false;
    bool stopped_ = false;
    StopTally tally_;
};

}  // namespace bight::socketserver

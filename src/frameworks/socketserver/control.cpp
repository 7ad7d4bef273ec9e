// SPDX-License-Identifier: BSL-1.0
#include "frameworks/socketserver/control.h"

#include "blocking/deadline.h"
#include "blocking/or_raise.h"
#include "frameworks/socketserver/siblings.h"

#include <array>
#include <cerrno>

namespace bight::socketserver {
namespace {

/// Closed by somebody else, it would be ready for ever, and the loop awake.
void require_open(const pollfd& wake_up) {
    if ((wake_up.revents & POLLNVAL) != 0) raise_os_error(Errno(EBADF), "the server's wake-up");
}

}  // namespace

BaseServer::Control::Control() : wake_(or_raise(sys::eventfd(), "eventfd")) { Siblings::join(wake_); }

BaseServer::Control::~Control() { Siblings::leave(wake_); }

void BaseServer::Control::set_address(Kind kind, const Address& address) {
    Siblings::set_address(wake_, kind, address);
}

// ---- Waiting. ----------------------------------------------------------------------------------------------------------

BaseServer::Control::Woken BaseServer::Control::wait(int fd, Timeout interval) {
    std::array<pollfd, 2> descriptors{pollfd{wake_.fileno(), POLLIN, 0}, pollfd{fd, POLLIN, 0}};  // -1 is passed over
    Deadline deadline(interval);
    while (true) {
        auto ready = sys::poll(descriptors, deadline.left());
        if (ready) {
            require_open(descriptors[0]);
            bool wished = is_to_end();
            if (descriptors[0].revents != 0 && !wished) take_wake_up();  // a wish is known before its wake-up
            return descriptors[1].revents != 0 && !stop_requested() ? Woken::by_request : Woken::otherwise;
        }
        if (ready.error().number() != EINTR) raise_os_error(ready.error(), "serve_forever");
        interrupted();
    }
}

BaseServer::Control::Woken BaseServer::Control::wait_for_one(int fd, const Deadline& deadline) {
    std::array<pollfd, 2> descriptors{pollfd{wake_.fileno(), POLLIN, 0}, pollfd{fd, POLLIN, 0}};
    while (!stopping()) {
        auto ready = sys::poll(descriptors, deadline.left());
        if (ready) {
            require_open(descriptors[0]);
            if (descriptors[1].revents != 0) return Woken::by_request;
            if (descriptors[0].revents == 0) return Woken::otherwise;
            if (!stopping()) take_wake_up();  // of shutdown(), whose flag stays; a stop() sets its own before it wakes
        } else if (ready.error().number() == EINTR) {
            interrupted();
        } else {
            raise_os_error(ready.error(), "handle_request");
        }
    }
    return Woken::otherwise;
}

void BaseServer::Control::take_wake_up() noexcept {
    std::uint64_t count = 0;
    (void)sys::read(wake_.fileno(), std::as_writable_bytes(std::span(&count, 1)));
}

// ---- shutdown(). -------------------------------------------------------------------------------------------------------

void BaseServer::Control::stop() {
    std::unique_lock lock(mutex_);  // flag and wake-up belong together: the end of a loop takes both back
    if (!stopping_) ask_loop();     // a loop that drains ends by itself, and its waits would find the wake-up for ever
    if (server_ == std::this_thread::get_id()) return;
    changed_.wait(lock, [this, before = ends_] { return ended_ || ends_ != before || drained_ || stopped_; });
}

void BaseServer::Control::ask_loop() noexcept {
    stop_requested_ = true;
    std::uint64_t one = 1;
    (void)sys::write(wake_.fileno(), std::as_bytes(std::span(&one, 1)));
}

// ---- The loop. ---------------------------------------------------------------------------------------------------------

BaseServer::Control::Serving::Serving(Control& control, Kind kind) : control_(control), kind_(kind) {
    std::lock_guard lock(control_.mutex_);
    bool runs_already = control_.server_ != std::thread::id();
    if (runs_already && !control_.stopping_) throw BusyError("another serve_forever() or handle_request() is running");
    if (runs_already || control_.drained_) {
        serves_ = false;
        return;
    }
    if (kind_ == forever) control_.ended_ = false;
    control_.server_ = std::this_thread::get_id();
}

BaseServer::Control::Serving::~Serving() {
    if (!serves_) return;
    std::lock_guard lock(control_.mutex_);
    control_.server_ = std::thread::id();
    control_.drained_ = control_.stopping_ && control_.draining_;
    control_.left_undrained_ = control_.stopping_ && !control_.draining_;
    if (kind_ == forever || control_.stopping_) {
        control_.take_wake_up();
        control_.stop_requested_ = false;
    }
    if (kind_ == forever) {
        control_.ended_ = true;
        ++control_.ends_;
    }
    control_.changed_.notify_all();
}

}  // namespace bight::socketserver

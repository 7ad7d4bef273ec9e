// SPDX-License-Identifier: BSL-1.0
#include "frameworks/socketserver/control.h"

#include "blocking/deadline.h"
#include "blocking/or_raise.h"

#include <array>
#include <cerrno>

namespace bight::socketserver {

BaseServer::Control::Control() : wake_(or_raise(sys::eventfd(), "eventfd")) {}

BaseServer::Control::Woken BaseServer::Control::wait(int fd, Timeout interval) {
    std::array<pollfd, 2> descriptors{pollfd{wake_.fileno(), POLLIN, 0}, pollfd{fd, POLLIN, 0}};  // -1 is passed over
    Deadline deadline(interval);
    while (true) {
        auto ready = sys::poll(descriptors, deadline.left());
        if (ready) return descriptors[1].revents != 0 && !stop_requested() ? Woken::by_request : Woken::otherwise;
        if (ready.error().number() != EINTR) raise_os_error(ready.error(), "serve_forever");
        interrupted();
    }
}

void BaseServer::Control::stop() {
    std::unique_lock lock(mutex_);  // flag and wake-up belong together: the end of a loop takes both back
    if (!stopping_) ask_loop();     // a loop that drains ends by itself, and its waits would find the wake-up for ever
    if (server_ == std::this_thread::get_id()) return;
    changed_.wait(lock, [this] { return ended_ || stopped_; });
}

void BaseServer::Control::ask_loop() noexcept {
    stop_requested_ = true;
    std::uint64_t one = 1;
    (void)sys::write(wake_.fileno(), std::as_bytes(std::span(&one, 1)));
}

BaseServer::Control::Serving::Serving(Control& control) : control_(control) {
    std::lock_guard lock(control_.mutex_);
    bool runs_already = control_.server_ != std::thread::id();
    if (runs_already && !control_.stopping_) throw BusyError("serve_forever() is running already");
    if (runs_already || control_.drained_) {
        serves_ = false;
        return;
    }
    control_.ended_ = false;
    control_.server_ = std::this_thread::get_id();
}

BaseServer::Control::Serving::~Serving() {
    if (!serves_) return;
    std::uint64_t count = 0;
    std::lock_guard lock(control_.mutex_);
    (void)sys::read(control_.wake_.fileno(), std::as_writable_bytes(std::span(&count, 1)));
    control_.stop_requested_ = false;
    control_.server_ = std::thread::id();
    control_.ended_ = true;
    control_.drained_ = control_.stopping_ && control_.draining_;
    control_.left_undrained_ = control_.stopping_ && !control_.draining_;
    control_.changed_.notify_all();
}

}  // namespace bight::socketserver

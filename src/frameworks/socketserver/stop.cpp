// SPDX-License-Identifier: BSL-1.0
#include <bight/socketserver/server.h>

#include "blocking/deadline.h"
#include "frameworks/socketserver/control.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace bight::socketserver {
namespace {

// More than a socket for datagrams holds at once by default; of streams the backlog tells.
constexpr int most_pending = 1024;

const Deadline no_deadline{std::nullopt};

}  // namespace

// ---- What the two threads say to each other. ---------------------------------------------------------------------------

BaseServer::Control::Begun BaseServer::Control::begin_stop(std::size_t running_elsewhere) {
    std::lock_guard lock(mutex_);
    if (server_ == std::this_thread::get_id())
        throw BusyError("stop() from the thread that serves would wait for itself");
    if (stopping_.exchange(true)) return Begun::before;
    std::uint64_t running = running_elsewhere + (processing_ ? 1 : 0);
    tally_.served = begun_ - std::min<std::uint64_t>(running, begun_);
    if (server_ == std::thread::id()) return Begun::no_loop;
    ask_loop();
    return Begun::loop_asked;
}

void BaseServer::Control::begin_drain() {
    std::uint64_t count = 0;
    (void)sys::read(wake_.fileno(), std::as_writable_bytes(std::span(&count, 1)));
    draining_ = true;
}

bool BaseServer::Control::wait_for_loop(const Deadline& deadline) {
    std::unique_lock lock(mutex_);
    return wait_until(changed_, lock, deadline, [this] { return drained_ || left_undrained_; });
}

bool BaseServer::Control::was_left_undrained() {
    std::lock_guard lock(mutex_);
    return std::exchange(left_undrained_, false) && !drained_;
}

bool BaseServer::Control::wait_stopped(const Deadline& deadline) {
    std::unique_lock lock(mutex_);
    return wait_until(changed_, lock, deadline, [this] { return stopped_; });
}

void BaseServer::Control::force(std::size_t running_elsewhere) noexcept {
    std::lock_guard lock(mutex_);
    if (forced_.exchange(true)) return;
    tally_.aborted = running_elsewhere + (processing_ ? 1 : 0);
    if (auto connection = connection_.lock()) connection->abort();
    if (server_ != std::thread::id()) ask_loop();  // it may be in a pause
}

StopTally BaseServer::Control::end_stop(bool completed) {
    std::lock_guard lock(mutex_);
    if (completed) {
        tally_.refused = refused_;
        auto ended = begun_ - std::min<std::uint64_t>(tally_.aborted, begun_);
        tally_.drained = ended - std::min<std::uint64_t>(tally_.served, ended);
    }
    stopped_ = true;
    changed_.notify_all();
    return tally_;
}

StopTally BaseServer::Control::tally() {
    std::lock_guard lock(mutex_);
    return tally_;
}

BaseServer::Control::Processing::Processing(Control& control, const Socket& request) : control_(control) {
    bool is_stream = request.fileno() >= 0 && request.kind() != Kind::datagram;
    std::lock_guard lock(control_.mutex_);
    ++control_.begun_;
    control_.processing_ = true;
    if (!is_stream) return;
    control_.connection_ = SocketAccess::watch(request);
    if (control_.forced_) SocketAccess::state(request)->abort();
}

BaseServer::Control::Processing::~Processing() {
    std::lock_guard lock(control_.mutex_);
    control_.processing_ = false;
    control_.connection_.reset();
}

// ---- The server's part. ------------------------------------------------------------------------------------------------

void BaseServer::refuse() noexcept { control_->count_not_begun(); }

void BaseServer::serve_pending() {
    control_->begin_drain();
    int most = std::max(options_.request_queue_size, most_pending) + 1;
    for (int i = 0; i < most && !control_->forced(); ++i) {
        if (!wait_until_ready(socket_.fileno(), POLLIN, Deadline(Duration::zero()))) break;
        handle_request_noblock();
        service_actions();
    }
    if (socket_.fileno() >= 0 && socket_.kind() != Kind::datagram)
        socket_.close();  // who connects now learns it at once
}

void BaseServer::force_stop() {
    control_->force(running_requests());
    end_requests();
}

void BaseServer::drain_alone() noexcept {
    try {
        serve_forever();
    } catch (...) {
        // What ends a program, from a handler or hook, has no way up from here, as in a request's thread.
    }
}

StopTally BaseServer::stop(Timeout drain) {
    Deadline deadline(drain);
    (void)wait_for_requests(Duration::zero());  // BusyError, before anything has happened
    auto begun = control_->begin_stop(running_requests());
    if (begun == Control::Begun::before) {
        if (!control_->wait_stopped(deadline)) {
            force_stop();
            (void)control_->wait_stopped(no_deadline);
        }
        return control_->tally();
    }
    try {
        // Where nobody serves, or not yet, what the kernel holds is served all the same.
        std::jthread drains;
        auto begin_alone = [&] { drains = std::jthread([this] { drain_alone(); }); };
        auto wait_for_loop = [&](const Deadline& until) {
            if (!control_->wait_for_loop(until)) return false;
            if (!control_->was_left_undrained()) return true;
            begin_alone();  // a hook raised, or shutdown() ended the loop first
            return control_->wait_for_loop(until);
        };
        if (begun == Control::Begun::no_loop) begin_alone();
        if (!wait_for_loop(deadline) || !wait_for_requests(deadline.left())) {
            force_stop();
            (void)wait_for_loop(no_deadline);
            end_requests();
            (void)wait_for_requests(std::nullopt);
        }
        server_close();
    } catch (...) {
        (void)control_->end_stop(false);
        throw;
    }
    return control_->end_stop(true);
}

}  // namespace bight::socketserver

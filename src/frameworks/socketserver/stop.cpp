// SPDX-License-Identifier: BSL-1.0
#include <bight/socketserver/server.h>

#include "blocking/deadline.h"
#include "blocking/or_raise.h"
#include "frameworks/socketserver/control.h"
#include "sys/threads.h"

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

namespace bight::socketserver {
namespace {

// More than a socket for datagrams holds at once by default; of streams the backlog tells.
constexpr int most_datagrams = 1024;

const Deadline no_deadline{std::nullopt};

}  // namespace

// ---- What the two threads say to each other. ---------------------------------------------------------------------------

Account::Reading BaseServer::Control::read() const noexcept {
    auto all = own_account_.read();
    for (const auto& account : shared_) {
        auto read = account.read();
        all.begun += read.begun;
        all.running += read.running;
    }
    return all;
}

BaseServer::Control::Begun BaseServer::Control::begin_stop() {
    std::lock_guard lock(mutex_);
    if (server_ == std::this_thread::get_id())
        throw BusyError("stop() from the thread that serves would wait for itself");
    if (stopping_.exchange(true)) return Begun::before;
    tally_.served = read().ended();
    if (server_ == std::thread::id()) return Begun::no_loop;
    ask_loop();
    return Begun::loop_asked;
}

void BaseServer::Control::begin_drain() {
    std::lock_guard lock(mutex_);  // who asked has written the wake-up, then: left there, it would be found for ever
    take_wake_up();
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

void BaseServer::Control::force() noexcept {
    std::lock_guard lock(mutex_);
    if (forced_.exchange(true)) return;
    tally_.aborted = read().running;
    if (auto connection = connection_.lock()) connection->abort();
    if (server_ != std::thread::id()) ask_loop();  // it may be in a pause
}

StopTally BaseServer::Control::end_stop(bool completed) {
    std::lock_guard lock(mutex_);
    if (completed) {
        tally_.refused = own_account_.refused();
        for (const auto& account : shared_) tally_.refused += account.refused();
        auto begun = read().begun;
        tally_.drained = begun - std::min(tally_.served + tally_.aborted, begun);
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
    control_.account_->begin();
    control_.in_hand_ = true;
    if (control_.forced_) ++control_.tally_.aborted;
    if (!is_stream) return;
    control_.connection_ = SocketAccess::watch(request);
    if (control_.forced_) SocketAccess::state(request)->abort();
}

BaseServer::Control::Processing::~Processing() {
    std::lock_guard lock(control_.mutex_);
    if (std::exchange(control_.in_hand_, false)) control_.account_->end();
    control_.connection_.reset();
}

// ---- The server's part. ------------------------------------------------------------------------------------------------

void BaseServer::leave_running() noexcept { control_->leave_running(); }

void BaseServer::request_ended() noexcept { control_->account().end(); }

void BaseServer::refuse() noexcept {
    control_->leave_running();
    control_->account().refuse_begun();
}

void BaseServer::serve_pending() {
    control_->begin_drain();
    int most = std::max(options_.request_queue_size, most_datagrams) + 1;
    for (int i = 0; i < most && !control_->forced(); ++i) {
        if (!wait_until_ready(socket_.fileno(), POLLIN, Deadline(Duration::zero()))) break;
        handle_request_noblock();
        service_actions();
    }
    if (socket_.fileno() >= 0 && socket_.kind() != Kind::datagram)
        socket_.close();  // who connects now learns it at once
}

void BaseServer::force_stop() {
    control_->force();
    end_requests();
}

void BaseServer::drain_alone() noexcept {
    try {
        serve_forever();
    } catch (...) {
        // What ends a program, from a handler or hook, has no way up from here, as in a request's thread.
    }
}

/// Serves what the kernel holds, and waits for what runs. Where nobody serves, or not yet, in a thread of its own, for
/// the deadline holds for handlers too.
void BaseServer::drain(bool loop_was_asked, const Deadline& deadline) {
    struct Joined {
        ~Joined() {
            if (thread.joinable()) thread.join();
        }
        std::thread thread;
    } drains;
    auto begin_alone = [&] {
        if (drains.thread.joinable()) drains.thread.join();
        drains.thread = or_raise(sys::start_joinable([this] { drain_alone(); }), "start a thread that drains");
    };
    auto wait_for_loop = [&](const Deadline& until) {
        if (!control_->wait_for_loop(until)) return false;
        if (!control_->was_left_undrained()) return true;
        begin_alone();  // a hook raised, or shutdown() ended the loop first
        return control_->wait_for_loop(until);
    };
    if (!loop_was_asked) begin_alone();
    if (wait_for_loop(deadline) && wait_for_requests(deadline.left())) return;
    force_stop();
    (void)wait_for_loop(no_deadline);
    end_requests();
    (void)wait_for_requests(std::nullopt);
}

StopTally BaseServer::stop(Timeout drain_limit) {
    Deadline deadline(drain_limit);
    (void)wait_for_requests(Duration::zero());  // BusyError, before anything has happened
    auto begun = control_->begin_stop();
    if (begun == Control::Begun::before) {
        if (!control_->wait_stopped(deadline)) {
            force_stop();
            (void)control_->wait_stopped(no_deadline);
        }
        return control_->tally();
    }
    std::exception_ptr raised;
    try {
        drain(begun == Control::Begun::loop_asked, deadline);
    } catch (...) {
        raised = std::current_exception();
    }
    try {
        if (raised) {
            if (!wait_for_requests(deadline.left())) force_stop();
            (void)wait_for_requests(std::nullopt);
        }
        server_close();
    } catch (...) {
        if (!raised) raised = std::current_exception();
    }
    auto tally = control_->end_stop(!raised);
    if (raised) std::rethrow_exception(raised);
    return tally;
}

}  // namespace bight::socketserver

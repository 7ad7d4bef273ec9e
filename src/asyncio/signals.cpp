// SPDX-License-Identifier: BSL-1.0
#include "asyncio/signals.h"

#include "asyncio/loop_state.h"

#include <bit>
#include <string>
#include <utility>

namespace bight::asyncio {
namespace detail {
namespace {

void require_signal(int sig) {
    if (!sys::is_signal(sig)) throw ValueError("sig " + std::to_string(sig) + " is not a valid signal number");
    if (!sys::can_be_caught(sig)) throw RuntimeError("sig " + std::to_string(sig) + " cannot be caught");
}

}  // namespace

Signals::~Signals() { close(); }

// ---- Who wants them. ---------------------------------------------------------------------------------------------------

void Signals::set_handler(int sig, CallState& call) {
    try {
        require_signal(sig);
    } catch (...) {
        release(&call);
        throw;
    }
    CallState* before = std::exchange(handlers_[static_cast<std::size_t>(sig)], &call);
    try {
        update();
    } catch (...) {
        handlers_[static_cast<std::size_t>(sig)] = before;
        release(&call);
        throw;
    }
    release(before);
}

bool Signals::remove_handler(int sig) noexcept {
    if (!sys::is_signal(sig)) return false;
    CallState* call = std::exchange(handlers_[static_cast<std::size_t>(sig)], nullptr);
    release(call);
    if (call) let_go();
    return call != nullptr;
}

void Signals::add(SignalReceiver& receiver) {
    receiver.next_receiver = std::exchange(receivers_, &receiver);
    try {
        update();
    } catch (...) {
        receivers_ = receiver.next_receiver;
        throw;
    }
}

void Signals::remove(SignalReceiver& receiver) noexcept {
    for (SignalReceiver** link = &receivers_; *link; link = &(*link)->next_receiver) {
        if (*link != &receiver) continue;
        *link = receiver.next_receiver;
        return let_go();
    }
}

sys::SignalSet Signals::wanted() const noexcept {
    sys::SignalSet signals = 0;
    for (int sig = 1; sig < static_cast<int>(handlers_.size()); ++sig)
        if (handlers_[static_cast<std::size_t>(sig)]) signals |= sys::only(sig);
    for (auto* receiver = receivers_; receiver; receiver = receiver->next_receiver) signals |= receiver->signals();
    return signals;
}

// ---- Taking them. ------------------------------------------------------------------------------------------------------

/// More are wanted than before.
void Signals::update() {
    sys::SignalSet all = wanted(), more = all & ~taken_;
    if (more == 0) return;
    sys::SignalSet unblocked = more & ~sys::blocked_signals();
    auto done = sys::block_signals(more);
    if (!done) raise_os_error(done.error(), "block signals");
    try {
        auto fd = sys::signalfd(fd_.fileno(), taken_ | more);
        if (!fd) raise_os_error(fd.error(), "signalfd");
        if (fd_.fileno() < 0) {
            fd_ = FileDescriptor(*fd);
            auto read_them = [this] { read(); };
            auto* call = new CallOf<CallState, decltype(read_them)>(read_them);
            if (auto watched = loop_.watches.set_callback(*fd, Side::reading, *call); !watched) {
                release(call);
                raise_os_error(watched.error(), "wait for signals");
            }
        }
    } catch (...) {
        if (taken_ == 0) fd_ = FileDescriptor();
        (void)sys::unblock_signals(unblocked);
        throw;
    }
    taken_ |= more;
    ours_ |= unblocked;
}

/// Fewer are: those act again as they did before.
void Signals::let_go() noexcept {
    sys::SignalSet fewer = taken_ & ~wanted();
    if (fewer == 0) return;
    taken_ &= ~fewer;
    if (taken_ != 0) {
        (void)sys::signalfd(fd_.fileno(), taken_);
    } else {
        (void)loop_.watches.remove_callback(fd_.fileno(), Side::reading);
        fd_ = FileDescriptor();
    }
    (void)sys::unblock_signals(fewer & ours_);
    ours_ &= ~fewer;
}

void Signals::read() noexcept {
    while (fd_.fileno() >= 0) {
        auto sig = sys::read_signal(fd_.fileno());
        if (!sig) return;
        dispatch(*sig);
    }
}

void Signals::dispatch(int sig) noexcept {
    for (auto* receiver = receivers_; receiver; receiver = receiver->next_receiver)
        if (receiver->signals() & sys::only(sig)) receiver->deliver(sig);
    CallState* call = handlers_[static_cast<std::size_t>(sig)];
    if (!call) return;
    ++call->holders;  // it may remove itself
    try {
        call->call();
    } catch (...) {
        loop_.report(std::current_exception(), "a handler of a signal");
    }
    release(call);
}

void Signals::close() noexcept {
    for (auto& handler : handlers_) release(std::exchange(handler, nullptr));
    while (receivers_) std::exchange(receivers_, receivers_->next_receiver)->taker_ = nullptr;
    let_go();
}

}  // namespace detail

// ---- SignalReceiver. ---------------------------------------------------------------------------------------------------

SignalReceiver::SignalReceiver(std::initializer_list<int> signals) : taker_(&detail::Loop::running().signals) {
    for (int sig : signals) {
        detail::require_signal(sig);
        signals_ |= sys::only(sig);
    }
    taker_->add(*this);
}

SignalReceiver::~SignalReceiver() {
    if (taker_) taker_->remove(*this);
}

void SignalReceiver::deliver(int sig) noexcept {
    auto* waiter = waiters_.pop();
    if (!waiter) {
        pending_ |= sys::only(sig);
        return;
    }
    static_cast<Wait*>(waiter)->sig = sig;
    waiter->wake();
}

bool SignalReceiver::Wait::await_ready() noexcept {
    if (begin()) return true;
    if (receiver->pending_ == 0) return false;
    sig = std::countr_zero(receiver->pending_) + 1;
    receiver->pending_ &= receiver->pending_ - 1;
    return take_turn();
}

void SignalReceiver::Wait::end_wait(detail::Waiter& waiter) noexcept {
    auto& wait = static_cast<Wait&>(waiter);
    if (wait.end(wait.receiver->waiters_)) wait.receiver->deliver(wait.sig);
}

// ---- The loop's own words. ---------------------------------------------------------------------------------------------

void EventLoop::handle_signal(int sig, detail::CallState& call) { loop_->signals.set_handler(sig, call); }
bool EventLoop::remove_signal_handler(int sig) noexcept { return loop_->signals.remove_handler(sig); }

}  // namespace bight::asyncio

// SPDX-License-Identifier: BSL-1.0
#include "asyncio/watches.h"

#include "asyncio/loop_state.h"
#include "sys/calls.h"

#include <cerrno>
#include <new>
#include <utility>

namespace bight::asyncio::detail {

// ---- One descriptor. ---------------------------------------------------------------------------------------------------

/// Its reading or its writing: what is called, who waits, and the operation that tells, begun anew each time.
struct Watches::Half : engine::Operation {
    Half(Watched& of, engine::Channel& on, engine::Verb what) noexcept : Operation(on, what), watched(&of) {}

    bool is_wanted() const noexcept { return callback || !waiting.empty(); }

    void wake_all(int errnum) noexcept {
        while (ListedWaiter* waiter = waiting.pop()) {
            static_cast<ReadyWait*>(waiter)->errnum = errnum;
            waiter->wake();
        }
    }

    /// Takes the callback away; the reference goes.
    void drop_callback() noexcept { release(std::exchange(callback, nullptr)); }

    Watched* watched;
    CallState* callback = nullptr;
    WaitList waiting;
    bool in_flight = false;
    bool is_renewed = false;  // asked for since it was last ready: the number may stand for another file by now
};

struct Watches::Watched {
    Watched(Watches& of, int number, engine::ChannelOwner owner) noexcept
        : all(of),
          fd(number),
          channel(std::move(owner)),
          reading(*this, *channel, engine::Verb::readable),
          writing(*this, *channel, engine::Verb::writable) {}

    Half& half(Side side) noexcept { return side == Side::reading ? reading : writing; }
    bool is_wanted() const noexcept { return reading.is_wanted() || writing.is_wanted(); }
    bool is_busy() const noexcept { return reading.in_flight || writing.in_flight || in_callback; }

    Watches& all;
    const int fd;
    engine::ChannelOwner channel;
    sys::FileIdentity file{};
    Half reading;
    Half writing;
    bool in_callback = false;
    bool is_retired = false;
    std::list<std::unique_ptr<Watched>>::iterator place;
};

namespace {

bool is_same(const sys::FileIdentity& a, const sys::FileIdentity& b) noexcept {
    return a.device == b.device && a.inode == b.inode;
}

}  // namespace

// ---- Asking. -----------------------------------------------------------------------------------------------------------

Watches::Watches(Loop& loop) noexcept : loop_(loop) {}
Watches::~Watches() { close(); }

Result<Watches::Watched*> Watches::watched(int fd) {
    if (auto found = by_number_.find(fd); found != by_number_.end()) return found->second;
    auto file = sys::identify(fd);
    if (!file) return std::unexpected(file.error());
    auto channel = loop_.engine->watch(fd);
    if (!channel) return std::unexpected(channel.error());
    all_.push_front(std::make_unique<Watched>(*this, fd, std::move(*channel)));
    Watched& made = *all_.front();
    made.place = all_.begin();
    made.file = *file;
    try {
        by_number_.emplace(fd, &made);
    } catch (...) {
        all_.pop_front();
        throw;
    }
    return &made;
}

Result<void> Watches::set_callback(int fd, Side side, CallState& call) {
    auto found = watched(fd);
    if (!found) return std::unexpected(found.error());
    Half& half = (*found)->half(side);
    half.drop_callback();
    half.callback = &call;
    half.is_renewed = true;
    settle(**found);
    return {};
}

bool Watches::remove_callback(int fd, Side side) noexcept {
    auto found = by_number_.find(fd);
    if (found == by_number_.end()) return false;
    Half& half = found->second->half(side);
    if (!half.callback) return false;
    half.drop_callback();
    settle(*found->second);
    return true;
}

Result<void> Watches::wait(ReadyWait& waiter) {
    auto found = watched(waiter.fd);
    if (!found) return std::unexpected(found.error());
    Half& half = (*found)->half(waiter.side);
    half.waiting.push(waiter);
    half.is_renewed = true;
    waiter.list = &half.waiting;
    settle(**found);
    return {};
}

void Watches::cancelled(ReadyWait& waiter) noexcept {
    bool was_listed = waiter.state == ListedWaiter::State::listed;
    if (!was_listed) return;  // it is ready, and its turn comes
    (void)waiter.end(*waiter.list);
    settle(*by_number_.find(waiter.fd)->second);
}

// ---- What the engine says. ---------------------------------------------------------------------------------------------

void Watches::ready(Half& half) noexcept {
    half.in_flight = false;
    Watched& watched = *half.watched;
    if (watched.is_retired) {
        if (!watched.is_busy()) forget(watched);
        return;
    }
    int errnum = half.result < 0 ? static_cast<int>(-half.result) : 0;
    bool may_be_another = std::exchange(half.is_renewed, false) && (errnum == ENOENT || errnum == EBADF);
    if (errnum == ECANCELED || (may_be_another && renew(watched))) return settle(watched);
    half.wake_all(errnum);
    if (errnum != 0)
        half.drop_callback();  // nothing is told of a descriptor that has been closed
    else if (half.callback)
        call(half);
    settle(watched);
}

void Watches::call(Half& half) noexcept {
    Watched& watched = *half.watched;
    CallState* callback = half.callback;
    ++callback->holders;  // it may remove itself
    watched.in_callback = true;
    try {
        callback->call();
    } catch (...) {
        loop_.report(std::current_exception(), "a callback of a descriptor");
    }
    watched.in_callback = false;
    release(callback);
    if (watched.is_retired || !watched.is_wanted()) return;
    // Closed by the callback, and maybe another file by that number since: then only what was asked for anew is kept.
    auto file = sys::identify(watched.fd);
    if (file && is_same(*file, watched.file)) return;
    for (Half* side : {&watched.reading, &watched.writing})
        if (!file || !side->is_renewed) side->drop_callback();
    if (watched.is_wanted()) (void)renew(watched);
}

/// The number stands for another file: registers that.
bool Watches::renew(Watched& watched) noexcept {
    auto file = sys::identify(watched.fd);
    if (!file || watched.is_busy()) return false;
    watched.channel.reset();
    auto channel = loop_.engine->watch(watched.fd);
    if (!channel) {
        for (Half* half : {&watched.reading, &watched.writing}) {
            half->drop_callback();
            half->wake_all(channel.error().number());
        }
        return false;
    }
    watched.channel = std::move(*channel);
    watched.file = *file;
    watched.reading.channel = watched.writing.channel = watched.channel.get();
    return true;
}

// ---- Beginning and ending. ---------------------------------------------------------------------------------------------

void Watches::settle(Watched& watched) noexcept {
    if (!watched.is_retired && !watched.is_wanted()) retire(watched);
    if (watched.is_retired) {
        if (!watched.is_busy()) forget(watched);
        return;
    }
    if (watched.in_callback) return;
    for (Half* half : {&watched.reading, &watched.writing}) {
        if (half->is_wanted() && !half->in_flight) begin(*half);
        if (!half->is_wanted() && half->in_flight) watched.channel->cancel(*half);
    }
}

void Watches::begin(Half& half) noexcept {
    half.state = engine::Operation::State::idle;
    half.cancelled = half.queued = false;
    half.result = 0;
    half.run = [](engine::Runnable& runnable) noexcept {
        auto& told = static_cast<Half&>(runnable);
        if (told.proceed()) told.watched->all.ready(told);
    };
    half.in_flight = true;
    half.channel->start(half);
}

/// Lets go of the descriptor at once: it may be closed after this. What the engine knows of goes with its last answer.
void Watches::retire(Watched& watched) noexcept {
    watched.is_retired = true;
    by_number_.erase(watched.fd);
    watched.channel.reset();
}

void Watches::forget(Watched& watched) noexcept { all_.erase(watched.place); }

void Watches::close() noexcept {
    for (auto& watched : all_) {
        for (Half* half : {&watched->reading, &watched->writing}) half->drop_callback();
        if (!watched->is_retired) retire(*watched);
    }
}

// ---- Awaiting. ---------------------------------------------------------------------------------------------------------

void ReadyWait::await_suspend(detail::TaskCoroutine coroutine) noexcept {
    suspend(coroutine);
    try {
        auto waits = Loop::running().watches.wait(*this);
        if (waits) return;
        errnum = waits.error().number();
    } catch (...) {
        errnum = ENOMEM;
    }
    wake();
}

void ReadyWait::await_resume() const {
    raise_if_cancelled();
    if (errnum != 0)
        raise_os_error(errnum,
                       (side == Side::reading ? "wait to read from descriptor " : "wait to write to descriptor ") +
                           std::to_string(fd));
}

void ReadyWait::end_wait(Waiter& waiter) noexcept {
    Loop::running().watches.cancelled(static_cast<ReadyWait&>(waiter));
}

}  // namespace bight::asyncio::detail

// ---- The loop's own words. ---------------------------------------------------------------------------------------------

namespace bight::asyncio {

void EventLoop::watch(int fd, detail::Side side, detail::CallState& call) {
    auto watched = [&] {
        try {
            return loop_->watches.set_callback(fd, side, call);
        } catch (const std::bad_alloc&) {
            return Result<void>(std::unexpected(Errno(ENOMEM)));
        }
    }();
    if (watched) return;
    detail::release(&call);
    raise_os_error(watched.error(),
                   (side == detail::Side::reading ? "add_reader(" : "add_writer(") + std::to_string(fd) + ")");
}

bool EventLoop::remove_reader(int fd) noexcept { return loop_->watches.remove_callback(fd, detail::Side::reading); }
bool EventLoop::remove_writer(int fd) noexcept { return loop_->watches.remove_callback(fd, detail::Side::writing); }

}  // namespace bight::asyncio

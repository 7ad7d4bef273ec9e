// SPDX-License-Identifier: BSL-1.0
#include <bight/error.h>
#include <bight/select.h>

#include "blocking/flag_names.h"
#include "blocking/insist_on_waiting.h"
#include "blocking/poll_set.h"

#include <mutex>
#include <ostream>

namespace bight::select {

// What the header writes down, for it includes no system header.
static_assert(PollEvents::in == POLLIN && PollEvents::pri == POLLPRI && PollEvents::out == POLLOUT);
static_assert(PollEvents::err == POLLERR && PollEvents::hup == POLLHUP && PollEvents::nval == POLLNVAL);
static_assert(PollEvents::rdnorm == POLLRDNORM && PollEvents::rdband == POLLRDBAND);
static_assert(PollEvents::wrnorm == POLLWRNORM && PollEvents::wrband == POLLWRBAND);
static_assert(PollEvents::msg == POLLMSG && PollEvents::rdhup == POLLRDHUP);

namespace {

int number_of(FileLike file) {
    if (file.fileno() < 0)
        throw ValueError("file descriptor cannot be a negative integer (" + std::to_string(file.fileno()) + ")");
    return file.fileno();
}

short mask_of(PollEvents events) {
    if (events.value < 0) throw ValueError("events must be positive");
    if (events.value > 0xffff) throw OverflowError("events of poll() have 16 bits");
    return static_cast<short>(static_cast<unsigned short>(events.value));
}

}  // namespace

std::string PollEvents::to_string() const {
    return names_of(static_cast<std::uint32_t>(value), "POLL",
                    {{POLLIN, "IN"},
                     {POLLPRI, "PRI"},
                     {POLLOUT, "OUT"},
                     {POLLERR, "ERR"},
                     {POLLHUP, "HUP"},
                     {POLLNVAL, "NVAL"},
                     {POLLRDNORM, "RDNORM"},
                     {POLLRDBAND, "RDBAND"},
                     {POLLWRNORM, "WRNORM"},
                     {POLLWRBAND, "WRBAND"},
                     {POLLMSG, "MSG"},
                     {POLLRDHUP, "RDHUP"}});
}

std::ostream& operator<<(std::ostream& out, PollEvents events) { return out << events.to_string(); }

/// `row` and `ready` belong to the thread in poll(); all else to whoever has the mutex.
struct Poll::State {
    std::mutex mutex;
    PollSet registered;
    bool changed = false;
    bool busy = false;
    std::vector<pollfd> row;
    std::vector<PollEvent> ready;

    void begin() {
        std::lock_guard lock(mutex);
        if (busy) throw BusyError("concurrent poll() invocation");
        if (changed) {
            auto all = registered.without_gaps();
            row.assign(all.begin(), all.end());
        }
        changed = false;
        busy = true;
    }
    void end() noexcept {
        std::lock_guard lock(mutex);
        busy = false;
    }
};

Poll::Poll() : state_(std::make_unique<State>()) {}
Poll::Poll(Poll&&) noexcept = default;
Poll& Poll::operator=(Poll&&) noexcept = default;
Poll::~Poll() = default;

Poll::State& Poll::state() const {
    if (!state_) throw ClosedError("poll");
    return *state_;
}

void Poll::add(FileLike file, PollEvents events) {
    int fd = number_of(file);
    short mask = mask_of(events);
    std::lock_guard lock(state().mutex);
    state_->changed = true;
    state_->registered.set(fd, mask);
}

void Poll::modify(FileLike file, PollEvents events) {
    int fd = number_of(file);
    short mask = mask_of(events);
    std::lock_guard lock(state().mutex);
    state_->changed = true;
    if (!state_->registered.change(fd, mask)) raise_os_error(ENOENT, "modify descriptor " + std::to_string(fd));
}

void Poll::remove(FileLike file) {
    int fd = number_of(file);
    std::lock_guard lock(state().mutex);
    state_->changed = true;
    if (!state_->registered.remove(fd)) throw KeyError("descriptor " + std::to_string(fd) + " is not registered");
}

std::span<const PollEvent> Poll::poll(Timeout timeout) {
    auto& own = state();
    own.begin();
    struct Ending {
        State& state;
        ~Ending() { state.end(); }
    } ending{own};
    auto limit = negative_is_none(timeout);
    own.ready.clear();
    insist_on_waiting(
        "poll", limit, deadline_of(limit), [&](const Timeout& left) { return sys::poll(own.row, left); }, [] {});
    for (const pollfd& entry : own.row)
        if (entry.revents != 0) own.ready.push_back({entry.fd, static_cast<unsigned short>(entry.revents)});
    return own.ready;
}

}  // namespace bight::select

// SPDX-License-Identifier: BSL-1.0
#include <bight/error.h>
#include <bight/select.h>

#include "blocking/flag_names.h"
#include "blocking/insist_on_waiting.h"

#include <algorithm>
#include <cerrno>
#include <ostream>

namespace bight::select {

// What the header writes down, for it includes no system header.
static_assert(EpollEvents::in == EPOLLIN && EpollEvents::pri == EPOLLPRI && EpollEvents::out == EPOLLOUT);
static_assert(EpollEvents::err == EPOLLERR && EpollEvents::hup == EPOLLHUP && EpollEvents::rdhup == EPOLLRDHUP);
static_assert(EpollEvents::rdnorm == EPOLLRDNORM && EpollEvents::rdband == EPOLLRDBAND);
static_assert(EpollEvents::wrnorm == EPOLLWRNORM && EpollEvents::wrband == EPOLLWRBAND);
static_assert(EpollEvents::msg == EPOLLMSG && EpollEvents::exclusive == EPOLLEXCLUSIVE);
static_assert(EpollEvents::wakeup == EPOLLWAKEUP && EpollEvents::oneshot == EPOLLONESHOT);
static_assert(EpollEvents::et == EPOLLET);

namespace {

constexpr std::size_t most_at_once = 1 << 20;  // no more can be open, unless fs.nr_open was raised

FileDescriptor create(int sizehint, int flags) {
    if (sizehint != -1 && sizehint <= 0) throw ValueError("sizehint must be -1 or positive");
    if (flags != 0 && flags != EPOLL_CLOEXEC)
        raise_os_error(EINVAL, "epoll_create1 with flags " + std::to_string(flags));
    auto created = sys::epoll_create();
    if (!created) raise_os_error(created.error(), "epoll_create1");
    return FileDescriptor(*created);
}

}  // namespace

std::string EpollEvents::to_string() const {
    return names_of(value, "EPOLL",
                    {{EPOLLIN, "IN"},
                     {EPOLLPRI, "PRI"},
                     {EPOLLOUT, "OUT"},
                     {EPOLLERR, "ERR"},
                     {EPOLLHUP, "HUP"},
                     {EPOLLRDNORM, "RDNORM"},
                     {EPOLLRDBAND, "RDBAND"},
                     {EPOLLWRNORM, "WRNORM"},
                     {EPOLLWRBAND, "WRBAND"},
                     {EPOLLMSG, "MSG"},
                     {EPOLLRDHUP, "RDHUP"},
                     {EPOLLEXCLUSIVE, "EXCLUSIVE"},
                     {EPOLLWAKEUP, "WAKEUP"},
                     {EPOLLONESHOT, "ONESHOT"},
                     {EPOLLET, "ET"}});
}

std::ostream& operator<<(std::ostream& out, EpollEvents events) { return out << events.to_string(); }

// ---- Its life. ---------------------------------------------------------------------------------------------------------

Epoll::Epoll(int sizehint, int flags) : Epoll(create(sizehint, flags)) {}

Epoll Epoll::fromfd(int fd) {
    if (fd < 0) throw ValueError("file descriptor cannot be a negative integer (" + std::to_string(fd) + ")");
    return Epoll(FileDescriptor(fd));
}

Epoll::Epoll(Epoll&& other) noexcept : epoll_(std::move(other.epoll_)), ready_(std::move(other.ready_)) {}

Epoll& Epoll::operator=(Epoll&& other) noexcept {
    epoll_ = std::move(other.epoll_);
    ready_ = std::move(other.ready_);
    return *this;
}

void Epoll::close() {
    if (epoll_) epoll_.close();
}

void Epoll::require_open(const char* call) const {
    if (!epoll_) throw ClosedError(call);
}

int Epoll::fileno() const {
    require_open("fileno");
    return epoll_.fileno();
}

// ---- Registrations. ----------------------------------------------------------------------------------------------------

void Epoll::control(const char* call, int operation, FileLike file, EpollEvents events) {
    require_open(call);
    int fd = file.fileno();
    if (fd < 0) throw ValueError("file descriptor cannot be a negative integer (" + std::to_string(fd) + ")");
    auto done = sys::epoll_ctl(epoll_.fileno(), operation, fd, events.value, static_cast<std::uint32_t>(fd));
    if (!done) raise_os_error(done.error(), std::string(call) + " descriptor " + std::to_string(fd));
}

void Epoll::add(FileLike file, EpollEvents events) { control("add", EPOLL_CTL_ADD, file, events); }
void Epoll::modify(FileLike file, EpollEvents events) { control("modify", EPOLL_CTL_MOD, file, events); }
void Epoll::remove(FileLike file) { control("remove", EPOLL_CTL_DEL, file, {}); }

// ---- Waiting. ----------------------------------------------------------------------------------------------------------

std::span<const EpollEvent> Epoll::poll(Timeout timeout, int maxevents) {
    require_open("poll");
    if (maxevents == -1) maxevents = FD_SETSIZE - 1;
    if (maxevents < 1) throw ValueError("maxevents must be greater than 0, got " + std::to_string(maxevents));
    if (busy_.exchange(true)) throw BusyError("concurrent poll(): poll_into() takes any number of threads");
    struct Ending {
        std::atomic<bool>& busy;
        ~Ending() { busy = false; }
    } ending{busy_};
    auto room = std::min(static_cast<std::size_t>(maxevents), most_at_once);
    if (ready_.size() < room) ready_.resize(room);
    return poll_into(std::span(ready_).first(room), timeout);
}

std::span<EpollEvent> Epoll::poll_into(std::span<EpollEvent> room, Timeout timeout) {
    require_open("poll");
    if (room.empty()) throw ValueError("no room for an event");
    auto limit = negative_is_none(timeout);
    auto most = std::min(room.size(), most_at_once);
    // The kernel's events have another layout; one array for each thread, as long as its longest wait has wanted.
    thread_local std::vector<epoll_event> reports;
    auto attempt = [&](const Timeout& left) {
        if (reports.size() < most) reports.resize(most);
        return sys::epoll_wait(epoll_.fileno(), std::span(reports).first(most), left);
    };
    auto count = static_cast<std::size_t>(
        insist_on_waiting("poll", limit, deadline_of(limit), attempt, [this] { require_open("poll"); }));
    for (std::size_t i = 0; i < count; ++i) room[i] = {static_cast<int>(reports[i].data.u64), reports[i].events};
    return room.first(count);
}

}  // namespace bight::select

// SPDX-License-Identifier: BSL-1.0
#include <bight/file_descriptor.h>
#include <bight/socketserver/forking.h>

#include "blocking/deadline.h"
#include "blocking/or_raise.h"
#include "blocking/socket_state.h"
#include "frameworks/socketserver/siblings.h"
#include "sys/processes.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <utility>

namespace bight::socketserver {
namespace {

// How often children without a pidfd are looked at: for want of descriptors they have none.
constexpr Duration between_looks = std::chrono::milliseconds(100);

struct Child {
    int pid = 0;
    FileDescriptor pidfd;
};

}  // namespace

struct RequestProcesses::State {
    explicit State(BaseServer& serving) : server(serving), ended(or_raise(sys::epoll_create(), "epoll_create1")) {}

    /// After it the number may be another's, so it is not touched again. Explicit, for a child that lives has a copy of
    /// the pidfd, with which the kernel would go on reporting it.
    void forget(Child& child) noexcept {
        if (child.pidfd) (void)sys::epoll_ctl(ended.fileno(), EPOLL_CTL_DEL, child.pidfd.fileno(), 0, 0);
        child.pid = 0;
        server.request_ended();
    }

    /// Whether it has ended, or another has collected it.
    static bool collect_one(const Child& child) {
        while (true) {
            auto collected = sys::collect(child.pid);
            if (collected) return *collected;
            if (collected.error().number() != EINTR) return collected.error().number() == ECHILD;
            interrupted();
        }
    }

    /// Collects those that have ended; returns how many are left.
    std::size_t collect() {
        std::lock_guard lock(mutex);
        for (auto& child : live)
            if (collect_one(child)) forget(child);
        std::erase_if(live, [](const Child& child) { return child.pid == 0; });
        return live.size();
    }

    /// How long to wait for `ended` at most: where a child has no pidfd, it does not tell of every one.
    Timeout limit(Timeout longest) const {
        std::lock_guard lock(mutex);
        bool all_tell = std::ranges::all_of(live, [](const Child& child) { return child.pidfd.fileno() >= 0; });
        if (all_tell) return longest;
        return longest ? std::min(*longest, between_looks) : between_looks;
    }

    BaseServer& server;
    FileDescriptor ended;  // an epoll(7) set of the pidfds: readable when a child has ended
    mutable std::mutex mutex;
    std::vector<Child> live;
};

RequestProcesses::RequestProcesses(BaseServer& server) : state_(std::make_unique<State>(server)) {
    server.timeout = std::chrono::seconds(300);
}

RequestProcesses::~RequestProcesses() {
    kill();
    while (state_->collect() > 0) (void)wait_until_ready(state_->ended.fileno(), POLLIN, Deadline(state_->limit({})));
}

bool RequestProcesses::start(const Request& request) {
    std::lock_guard lock(state_->mutex);
    state_->live.reserve(state_->live.size() + 1);  // nothing may fail once the child is there
    auto whole = Siblings::hold();
    int pid = or_raise(sys::fork(), "fork a process for a request");
    if (pid == 0) {
        state_->live.clear();
        (void)state_->ended.try_close();
        Siblings::forget({request.socket.fileno()});
        // Of a stream the child needs its connection only; kept, the port would be taken for as long as it lives.
        auto& own = state_->server.socket();
        if (own.fileno() >= 0 && own.kind() != Kind::datagram) (void)SocketAccess::state(own)->close();
        return false;
    }
    whole.unlock();
    auto& child = state_->live.emplace_back(pid, FileDescriptor());
    if (auto pidfd = sys::pidfd_open(pid)) {
        FileDescriptor fd(*pidfd);
        if (sys::epoll_ctl(state_->ended.fileno(), EPOLL_CTL_ADD, fd.fileno(), EPOLLIN, 0)) child.pidfd = std::move(fd);
    }
    return true;
}

void RequestProcesses::collect(std::size_t most, bool blocking) {
    if (blocking) (void)wait(std::nullopt);
    while (true) {
        auto left = state_->collect();
        if (left == 0 || left < most) return;
        if (!state_->server.wait_for(state_->ended.fileno(), state_->limit({}))) return;
    }
}

bool RequestProcesses::wait(Timeout limit) {
    Deadline deadline(limit);
    while (state_->collect() > 0) {
        auto left = deadline.left();
        if (left && *left <= Duration::zero()) return false;
        (void)wait_until_ready(state_->ended.fileno(), POLLIN, Deadline(state_->limit(left)));
    }
    return true;
}

std::vector<int> RequestProcesses::pids() const {
    std::lock_guard lock(state_->mutex);
    std::vector<int> pids;
    for (auto& child : state_->live) pids.push_back(child.pid);
    return pids;
}

void RequestProcesses::kill() noexcept {
    std::lock_guard lock(state_->mutex);
    for (auto& child : state_->live) (void)sys::kill(child.pid, child.pidfd.fileno());
}

void RequestProcesses::exit(int status) noexcept { sys::exit_now(status); }

}  // namespace bight::socketserver

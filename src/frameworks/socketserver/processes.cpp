// SPDX-License-Identifier: BSL-1.0
#include <bight/file_descriptor.h>
#include <bight/socketserver/forking.h>

#include "blocking/deadline.h"
#include "blocking/or_raise.h"
#include "sys/processes.h"

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
    }

    void collect_one(Child& child, bool wait) {
        while (true) {
            auto collected = sys::collect(child.pid, wait);
            if (collected && !*collected) return;
            if (collected || collected.error().number() == ECHILD) return forget(child);  // or another collected it
            if (collected.error().number() != EINTR) return;
            interrupted();
        }
    }

    void collect_all(bool wait) {
        for (auto& child : live) collect_one(child, wait);
        std::erase_if(live, [](const Child& child) { return child.pid == 0; });
        without_pidfd = false;
        for (auto& child : live) without_pidfd = without_pidfd || !child.pidfd;
    }

    BaseServer& server;
    FileDescriptor ended;  // an epoll(7) set of the pidfds: readable when a child has ended
    std::vector<Child> live;
    bool without_pidfd = false;
};

RequestProcesses::RequestProcesses(BaseServer& server) : state_(std::make_unique<State>(server)) {
    server.timeout = std::chrono::seconds(300);
}

RequestProcesses::~RequestProcesses() { kill_and_wait(); }

bool RequestProcesses::start() {
    state_->live.reserve(state_->live.size() + 1);  // nothing may fail once the child is there
    int pid = or_raise(sys::fork(), "fork a process for a request");
    if (pid == 0) {
        state_->live.clear();
        (void)state_->ended.try_close();
        state_->server.forget_parent();
        return false;
    }
    auto& child = state_->live.emplace_back(pid, FileDescriptor());
    if (auto pidfd = sys::pidfd_open(pid)) {
        FileDescriptor fd(*pidfd);
        if (sys::epoll_ctl(state_->ended.fileno(), EPOLL_CTL_ADD, fd.fileno(), EPOLLIN, 0)) child.pidfd = std::move(fd);
    }
    state_->without_pidfd = state_->without_pidfd || !child.pidfd;
    return true;
}

void RequestProcesses::collect(std::size_t most, bool blocking) {
    auto& live = state_->live;
    if (live.empty()) return;
    state_->collect_all(blocking);
    while (live.size() >= most && !live.empty()) {
        auto limit = state_->without_pidfd ? Timeout(between_looks) : std::nullopt;
        if (!state_->server.wait_for(state_->ended.fileno(), limit)) return;
        state_->collect_all(false);
    }
}

std::vector<int> RequestProcesses::pids() const {
    std::vector<int> pids;
    for (auto& child : state_->live) pids.push_back(child.pid);
    return pids;
}

void RequestProcesses::kill_and_wait() noexcept {
    for (auto& child : state_->live) {
        (void)sys::kill(child.pid, child.pidfd.fileno());
        while (true) {
            auto collected = sys::collect(child.pid, true);
            if (collected || collected.error().number() != EINTR) break;
        }
        state_->forget(child);
    }
    state_->live.clear();
}

void RequestProcesses::exit(int status) noexcept { sys::exit_now(status); }

}  // namespace bight::socketserver

// SPDX-License-Identifier: BSL-1.0
#include <bight/file_descriptor.h>
#include <bight/socketserver/forking.h>

#include "blocking/deadline.h"
#include "blocking/or_raise.h"
#include "blocking/socket_state.h"
#include "frameworks/socketserver/control.h"
#include "frameworks/socketserver/siblings.h"
#include "sys/processes.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace bight::socketserver {
namespace {

// How often children without a pidfd are looked at: for want of descriptors they have none.
constexpr Duration between_looks = std::chrono::milliseconds(100);

struct Child {
    bool collected() const noexcept { return pid == 0; }
    bool tells() const noexcept { return pidfd.fileno() >= 0; }

    int pid = 0;
    FileDescriptor pidfd;
};

}  // namespace

struct RequestProcesses::State {
    explicit State(BaseServer& serving) : server(serving), ended(or_raise(sys::epoll_create(), "epoll_create1")) {}

    /// The number may be another's from here on, so it is not touched again.
    void forget(Child& child) noexcept {
        child.pid = 0;
        server.request_ended();
    }

    /// Explicit, for a child that lives has a copy of the pidfd, with which the kernel would go on reporting it.
    void drop_collected() noexcept {
        for (auto& child : children)
            if (child.collected()) (void)sys::epoll_ctl(ended.fileno(), EPOLL_CTL_DEL, child.pidfd.fileno(), 0, 0);
        std::erase_if(children, [](const Child& child) { return child.collected(); });
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
        std::size_t left = 0;
        for (auto& child : children) {
            if (child.collected()) continue;
            if (collect_one(child))
                forget(child);
            else
                ++left;
        }
        // Nobody is to be woken by those that `ended` knows nothing of.
        std::erase_if(children, [](const Child& child) { return child.collected() && !child.tells(); });
        if (waiting == 0) drop_collected();
        return left;
    }

    /// How long to wait for `ended` at most: where a child has no pidfd, it does not tell of every one.
    Timeout limit(Timeout longest) const {
        std::lock_guard lock(mutex);
        bool all_tell = std::ranges::all_of(children, [](auto& child) { return child.collected() || child.tells(); });
        if (all_tell) return longest;
        return longest ? std::min(*longest, between_looks) : between_looks;
    }

    /// Around a look at the children and the wait for `ended` that follows. What is collected between the two stays in
    /// `ended`: taken out, it would leave nothing to wake another who waits. Who begins anew lets those end first.
    class Waiting {
    public:
        explicit Waiting(State& state) : state_(state) {
            std::unique_lock lock(state_.mutex);
            state_.none_collected.wait(lock, [&] { return std::ranges::none_of(state_.children, &Child::collected); });
            ++state_.waiting;
        }
        ~Waiting() {
            std::lock_guard lock(state_.mutex);
            if (--state_.waiting > 0) return;
            state_.drop_collected();
            state_.none_collected.notify_all();
        }

    private:
        State& state_;
    };

    BaseServer& server;
    FileDescriptor ended;  // an epoll(7) set of the pidfds: readable when a child has ended
    mutable std::mutex mutex;
    std::vector<Child> children;
    int waiting = 0;  // how many threads are
    std::condition_variable none_collected;
};

RequestProcesses::RequestProcesses(BaseServer& server) : state_(std::make_unique<State>(server)) {
    server.timeout = std::chrono::seconds(300);
}

RequestProcesses::~RequestProcesses() {
    kill();
    while (state_->collect() > 0) {
        pollfd ended{state_->ended.fileno(), POLLIN, 0};
        (void)sys::poll(std::span(&ended, 1), state_->limit({}));  // no hook of signals: this is a destructor
    }
}

bool RequestProcesses::start(const Request& request) {
    std::lock_guard lock(state_->mutex);
    state_->children.reserve(state_->children.size() + 1);  // nothing may fail once the child is there
    auto unlocked_in_the_child = state_->server.control_->hold();
    auto whole = Siblings::hold();
    int pid = or_raise(sys::fork(), "fork a process for a request");
    if (pid == 0) {
        state_->children.clear();
        (void)state_->ended.try_close();
        Siblings::forget({request.socket.fileno()});
        // Of a stream the child needs its connection only; kept, the port would be taken for as long as it lives.
        auto& own = state_->server.socket();
        if (own.fileno() >= 0 && own.kind() != Kind::datagram) (void)SocketAccess::state(own)->close();
        return false;
    }
    whole.unlock();
    unlocked_in_the_child.unlock();
    auto& child = state_->children.emplace_back(pid, FileDescriptor());
    if (auto pidfd = sys::pidfd_open(pid)) {
        FileDescriptor fd(*pidfd);
        if (sys::epoll_ctl(state_->ended.fileno(), EPOLL_CTL_ADD, fd.fileno(), EPOLLIN, 0)) child.pidfd = std::move(fd);
    }
    return true;
}

void RequestProcesses::collect(std::size_t most, bool blocking) {
    if (blocking) (void)wait(std::nullopt);
    if (auto left = state_->collect(); left == 0 || left < most) return;
    while (true) {
        State::Waiting waiting(*state_);
        if (auto left = state_->collect(); left == 0 || left < most) return;
        if (!state_->server.wait_for(state_->ended.fileno(), state_->limit({}))) return;
    }
}

bool RequestProcesses::wait(Timeout limit) {
    Deadline deadline(limit);
    while (true) {
        State::Waiting waiting(*state_);
        if (state_->collect() == 0) return true;
        auto left = deadline.left();
        if (left && *left <= Duration::zero()) return false;
        (void)wait_until_ready(state_->ended.fileno(), POLLIN, Deadline(state_->limit(left)));
    }
}

std::vector<int> RequestProcesses::pids() const {
    std::lock_guard lock(state_->mutex);
    std::vector<int> pids;
    for (auto& child : state_->children)
        if (!child.collected()) pids.push_back(child.pid);
    return pids;
}

void RequestProcesses::kill() noexcept {
    std::lock_guard lock(state_->mutex);
    for (auto& child : state_->children)
        if (!child.collected()) (void)sys::kill(child.pid, child.pidfd.fileno());
}

void RequestProcesses::exit(int status) noexcept { sys::exit_now(status); }

}  // namespace bight::socketserver

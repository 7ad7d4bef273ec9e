// SPDX-License-Identifier: BSL-1.0
// Claim: a turn of a Selector, select() and the dispatch of what it says, costs what epoll_wait(2) costs with the same
// dispatch by data.ptr. A descriptor that is ready stays ready, for nobody reads its byte.
#include <bight/selectors.h>

#include "support/claims.h"
#include "support/sockets.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <sys/epoll.h>
#include <unistd.h>

namespace {

using bench::Claim;
using bench::must;
using bench::Side;
using bight::selectors::Method;

constexpr double turn_goal = 1.05;

struct Counter {
    int fd;
    long seen = 0;
};

/// Some connected pairs; of the first `ready` of them the near end has something to read.
class Crowd {
public:
    Crowd(std::size_t size, std::size_t ready) : counters_(size) {
        for (std::size_t i = 0; i < size; ++i) {
            auto ends = bench::unix_stream();
            counters_[i].fd = ends.left;
            far_.push_back(ends.right);
            if (i < ready) must(static_cast<int>(::send(ends.right, "!", 1, MSG_NOSIGNAL)), "send");
        }
    }
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;
    ~Crowd() {
        for (auto& counter : counters_) ::close(counter.fd);
        for (int fd : far_) ::close(fd);
    }

    std::vector<Counter>& counters() { return counters_; }

private:
    std::vector<Counter> counters_;
    std::vector<int> far_;
};

Side raw_turns(const std::shared_ptr<Crowd>& crowd) {
    int epoll = must(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    for (auto& counter : crowd->counters()) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &counter;
        must(::epoll_ctl(epoll, EPOLL_CTL_ADD, counter.fd, &event), "epoll_ctl");
    }
    auto events = std::make_shared<std::vector<epoll_event>>(crowd->counters().size());
    return [crowd, epoll, events](long turns) {
        for (long turn = 0; turn < turns; ++turn) {
            int ready = must(::epoll_wait(epoll, events->data(), static_cast<int>(events->size()), -1), "epoll_wait");
            for (int i = 0; i < ready; ++i) {
                const epoll_event& event = (*events)[static_cast<std::size_t>(i)];
                if (event.events & EPOLLIN) ++static_cast<Counter*>(event.data.ptr)->seen;
            }
        }
    };
}

Side our_turns(const std::shared_ptr<Crowd>& crowd, Method method) {
    auto selector = std::make_shared<bight::Selector<Counter*>>(method);
    for (auto& counter : crowd->counters()) selector->add(counter.fd, bight::Ready::read, &counter);
    return [crowd, selector](long turns) {
        for (long turn = 0; turn < turns; ++turn)
            for (auto& [key, ready] : selector->select())
                if (has(ready, bight::Ready::read)) ++key->data->seen;
    };
}

std::vector<Claim> claims() {
    struct Shape {
        std::string name;
        std::shared_ptr<Crowd> crowd;
    };
    const std::vector<Shape> shapes{{"1 ready of 1", std::make_shared<Crowd>(1, 1)},
                                    {"1 ready of 100", std::make_shared<Crowd>(100, 1)},
                                    {"50 ready of 50", std::make_shared<Crowd>(50, 50)}};
    std::vector<Claim> all;
    for (const auto& [name, crowd] : shapes)
        all.push_back({"epoll selector, " + name, turn_goal, 0, our_turns(crowd, Method::epoll), raw_turns(crowd)});
    for (const auto& [name, crowd] : shapes)  // no goal: they cannot be what epoll is
        all.push_back({"poll selector, " + name, 0, 0, our_turns(crowd, Method::poll), raw_turns(crowd)});
    for (const auto& [name, crowd] : shapes)
        all.push_back({"select selector, " + name, 0, 0, our_turns(crowd, Method::select), raw_turns(crowd)});
    const auto& alone = shapes.front().crowd;
    all.push_back({"the raw side against itself, 1 ready of 1", 0, 0, raw_turns(alone), raw_turns(alone)});
    return all;
}

}  // namespace

int main(int argc, char** argv) { return bench::run_claims(argc, argv, claims); }

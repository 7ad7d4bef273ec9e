// SPDX-License-Identifier: BSL-1.0
#include "blocking/connect_race.h"

#include "blocking/socket_state.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace bight {
namespace {

Timeout sooner(Timeout a, Timeout b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

}  // namespace

std::vector<socket::AddrInfo> interleave_families(std::vector<socket::AddrInfo> candidates) {
    std::vector<socket::AddrInfo> of_the_first, others, order;
    for (auto& candidate : candidates) {
        bool first = of_the_first.empty() || candidate.family == of_the_first.front().family;
        (first ? of_the_first : others).push_back(std::move(candidate));
    }
    for (std::size_t i = 0; i < of_the_first.size() || i < others.size(); ++i) {
        if (i < of_the_first.size()) order.push_back(std::move(of_the_first[i]));
        if (i < others.size()) order.push_back(std::move(others[i]));
    }
    return order;
}

std::optional<Socket> ConnectRace::run(const std::vector<socket::AddrInfo>& candidates) {
    bool may_wait = options_.timeout != Duration::zero();
    if (candidates.size() < 2 || !options_.happy_eyeballs_delay || !may_wait) return run_one_by_one(candidates);
    for (auto candidate = candidates.begin(); candidate != candidates.end() || !runners_.empty();) {
        Timeout head_start;
        if (candidate != candidates.end()) {
            if (auto connected = start(*candidate++)) return connected;
            if (runners_.empty()) continue;  // it failed at once: no reason to wait before the next
            if (candidate != candidates.end()) head_start = options_.happy_eyeballs_delay;
        }
        if (auto connected = wait(Deadline(head_start))) return connected;
        if (deadline_.left() == Duration::zero()) break;
    }
    for (const auto& runner : runners_) failed(runner.address, Errno(ETIMEDOUT));
    return std::nullopt;
}

std::optional<Socket> ConnectRace::run_one_by_one(const std::vector<socket::AddrInfo>& candidates) {
    for (const auto& candidate : candidates) {
        auto left = deadline_.left();
        if (left == Duration::zero() &&
            options_.timeout != Duration::zero()) {  // as a limit, 0 says not to wait at all
            failed(candidate.address, Errno(ETIMEDOUT));
            break;
        }
        auto opened = open_socket(candidate.family, candidate.kind, candidate.proto, left);
        if (!opened) {
            failed(candidate.address, opened.error());
            continue;
        }
        if (!prepare(*opened, candidate.address)) continue;
        if (auto connected = opened->try_connect(candidate.address); !connected) {
            failed(candidate.address, connected.error());
        } else {
            SocketAccess::change_timeout(*opened, options_.timeout);
            return std::move(*opened);
        }
        if (deadline_.left() == Duration::zero()) break;
    }
    return std::nullopt;
}

bool ConnectRace::prepare(Socket& socket, const Address& address) {
    if (!options_.source_address) return true;
    auto bound = sys::bind(socket.fileno(), *options_.source_address);
    if (!bound) failed(address, bound.error());
    return bound.has_value();
}

/// Begins one attempt: it may be connected at once, have failed at once, or run from now on.
std::optional<Socket> ConnectRace::start(const socket::AddrInfo& candidate) {
    auto opened = open_socket(candidate.family, candidate.kind, candidate.proto, Duration::zero());
    if (!opened) {
        failed(candidate.address, opened.error());
        return std::nullopt;
    }
    if (!prepare(*opened, candidate.address)) return std::nullopt;
    auto begun = opened->try_connect(candidate.address);
    if (begun) {
        SocketAccess::change_timeout(*opened, options_.timeout);
        return std::move(*opened);
    }
    if (begun.error() == std::errc::operation_in_progress)
        runners_.push_back({std::move(*opened), candidate.address});
    else
        failed(candidate.address, begun.error());
    return std::nullopt;
}

/// Waits until a runner has arrived or fallen, or it is time for the next one. Of several that have arrived, the first
/// that was begun wins.
std::optional<Socket> ConnectRace::wait(const Deadline& until) {
    std::vector<pollfd> descriptors;
    for (const auto& runner : runners_) descriptors.push_back({runner.socket.fileno(), POLLOUT, 0});
    while (true) {
        auto ready = sys::poll(descriptors, sooner(deadline_.left(), until.left()));
        if (ready && *ready == 0) return std::nullopt;
        if (ready) break;
        if (ready.error().number() != EINTR) raise_os_error(ready.error(), "poll while connecting");
        interrupted();
    }
    std::vector<Runner> runners = std::exchange(runners_, {});  // and back go those that still run, in their order
    for (std::size_t i = 0; i < runners.size(); ++i) {
        Runner& runner = runners[i];
        if (descriptors[i].revents == 0) {
            runners_.push_back(std::move(runner));
            continue;
        }
        auto outcome = sys::getsockopt_int(descriptors[i].fd, SOL_SOCKET, SO_ERROR);
        if (outcome && *outcome == 0) {
            SocketAccess::change_timeout(runner.socket, options_.timeout);
            return std::move(runner.socket);
        }
        failed(runner.address, outcome ? Errno(*outcome) : outcome.error());
    }
    return std::nullopt;
}

}  // namespace bight

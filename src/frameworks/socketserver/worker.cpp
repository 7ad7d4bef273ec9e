// SPDX-License-Identifier: BSL-1.0
#include "frameworks/socketserver/workers.h"

#include "blocking/deadline.h"
#include "blocking/or_raise.h"
#include "frameworks/socketserver/siblings.h"
#include "sys/processes.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <string>

namespace bight::socketserver {
namespace {

constexpr int longest_queue = 1024;  // as many as a queue holds that is not told otherwise
constexpr std::uint64_t a_request = 0;
constexpr std::uint64_t the_end = 1;

/// 0 for nobody.
std::uint64_t number_of(const std::string& host) { return std::hash<std::string>()(host) | 1; }

bool is_readable(int fd) { return wait_until_ready(fd, POLLIN, Deadline(Duration::zero())).has_value(); }

}  // namespace

void RequestWorkers::State::work(std::size_t place, int parent) noexcept {
    int status = 1;
    try {
        (void)sys::die_with(parent);
        own = &places[place];
        own->busy_since = 0;
        own->leaves = false;
        control.count_in(accounts[place]);
        control.supervisor = nullptr;
        Siblings::forget({server.fileno(), end.fileno()});
        for (auto& worker : workers) worker.pidfd = FileDescriptor();
        events = FileDescriptor();
        started(server);
        take_requests(accounts[place]);
        own->leaves = true;
        status = 0;
    } catch (...) {
        // What is no error of a request ends the worker, as it ends a server without: another takes its place.
    }
    sys::exit_now(status);
}

/// EPOLLEXCLUSIVE: one worker is woken for a request, not all.
void RequestWorkers::State::take_requests(Account& account) {
    FileDescriptor waits(or_raise(sys::epoll_create(), "epoll_create1"));
    or_raise(sys::epoll_ctl(waits.fileno(), EPOLL_CTL_ADD, server.fileno(), EPOLLIN | EPOLLEXCLUSIVE, a_request),
             "epoll_ctl");
    or_raise(sys::epoll_ctl(waits.fileno(), EPOLL_CTL_ADD, end.fileno(), EPOLLIN, the_end), "epoll_ctl");
    auto taken = [&] { return account.read().begun + account.refused(); };
    const std::uint64_t before = taken();
    while (options.max_requests == 0 || taken() - before < options.max_requests) {
        std::array<epoll_event, 2> ready;
        auto count = sys::epoll_wait(waits.fileno(), ready, std::nullopt);
        if (!count && count.error().number() == EINTR) {
            interrupted();
            continue;
        }
        auto events_found = std::span(ready).first(static_cast<std::size_t>(or_raise(std::move(count), "epoll_wait")));
        bool ends = std::ranges::any_of(events_found,
                                        [](const epoll_event& event) { return event.data.u64 == the_end; });
        if (ends) break;
        ++shared->wakeups;
        server.handle_request_noblock();
    }
    for (int i = 0; i < longest_queue && shared->draining && is_readable(server.fileno()); ++i) {
        auto so_far = taken();
        server.handle_request_noblock();
        if (taken() == so_far) break;  // another was faster
    }
}

bool RequestWorkers::State::admit(Request& request, const Address& client_address) {
    bool is_stream = request.socket.kind() != Kind::datagram;
    if (is_stream && options.limits.idle) SocketAccess::limit_calls(request.socket, *options.limits.idle);
    request.accepted = sys::now();
    if (!own) return true;  // handle_request(), without workers
    own->busy_since = request.accepted.time_since_epoch().count();
    if (!is_stream) return true;
    bool is_over = busy() > *options.limits.max_connections;
    if (is_over) ++shared->over_connections;
    // Behind a proxy the client is not known yet: see admit_client().
    if (is_over || (!server.options().proxies && !admit_client(client_address))) {
        dismiss();
        return false;
    }
    if (options.when_full != WhenFull::wait && busy() == places.size()) {
        std::uint64_t one = 1;
        (void)sys::write(full.fileno(), std::as_bytes(std::span(&one, 1)));
    }
    return true;
}

bool RequestWorkers::State::admit_client(const Address& client) {
    if (!own || options.limits.max_per_peer == ConnectionLimits::unlimited || client.is_loopback()) return true;
    own->host = number_of(client.host());
    auto of_this_host = static_cast<std::size_t>(
        std::ranges::count_if(places, [&](const WorkerPlace& place) { return place.host == own->host; }));
    bool is_within = of_this_host <= *options.limits.max_per_peer;
    if (!is_within) ++shared->over_peer;
    return is_within;
}

void RequestWorkers::State::dismiss() noexcept {
    if (!own) return;
    own->host = 0;
    own->busy_since = 0;
}

}  // namespace bight::socketserver

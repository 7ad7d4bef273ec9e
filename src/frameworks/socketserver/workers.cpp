// SPDX-License-Identifier: BSL-1.0
#include "frameworks/socketserver/workers.h"

#include "blocking/deadline.h"
#include "blocking/or_raise.h"
#include "blocking/socket_state.h"
#include "frameworks/socketserver/complete_limits.h"
#include "frameworks/socketserver/siblings.h"
#include "sys/processes.h"
#include "sys/unix_queue.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>
#include <thread>
#include <utility>

namespace bight::socketserver {
namespace {

constexpr Duration first_pause = std::chrono::milliseconds(50);  // after workers that die without a request
constexpr Duration longest_pause = std::chrono::seconds(5);
constexpr Duration longest_turn = std::chrono::milliseconds(100);  // where there is something to look at
constexpr std::uint64_t of_no_worker = ~std::uint64_t{0};

PreforkOptions complete(PreforkOptions options) {
    if (options.workers == 0) options.workers = std::max(std::thread::hardware_concurrency(), 1u);
    complete_limits(options.limits);
    return options;
}

/// How many connections wait to be accepted; of TCP, what TCP_INFO of a listener has in tcpi_unacked.
Result<std::size_t> waiting_at(const Socket& listener) {
    if (listener.kind() == Kind::stream && listener.family() == Family::unix_domain)
        return sys::waiting_at_unix(listener.fileno());
    tcp_info info{};
    auto got = sys::getsockopt(listener.fileno(), IPPROTO_TCP, TCP_INFO, std::as_writable_bytes(std::span(&info, 1)));
    return got ? Result<std::size_t>(info.tcpi_unacked) : got;
}

}  // namespace

RequestWorkers::State::State(BaseServer& serving, BaseServer::Control& its_control, const PreforkOptions& wanted,
                             Started when_started)
    : server(serving),
      control(its_control),
      options(complete(wanted)),
      started(when_started),
      workers(options.workers),
      events(or_raise(sys::epoll_create(), "epoll_create1")),
      full(or_raise(sys::eventfd(), "eventfd")) {
    if (options.when_full == WhenFull::shed && server.fileno() >= 0 && !waiting_at(server.socket()))
        throw ValueError("of this socket nobody knows how many wait, so that the longest could be shed");
    or_raise(sys::epoll_ctl(events.fileno(), EPOLL_CTL_ADD, full.fileno(), EPOLLIN, of_no_worker), "epoll_ctl");
    std::size_t n = options.workers;
    memory_size = sizeof(WorkersShared) + 64 + n * (sizeof(Account) + sizeof(WorkerPlace));
    memory = or_raise(sys::map_shared(memory_size), "mmap");
    auto* bytes = static_cast<std::byte*>(memory);
    accounts = {::new (bytes) Account[n], n};
    places = {::new (bytes + n * sizeof(Account)) WorkerPlace[n], n};
    shared = ::new (bytes + n * (sizeof(Account) + sizeof(WorkerPlace))) WorkersShared();
    control.share(accounts);
    control.supervisor = this;
}

RequestWorkers::State::~State() {
    control.supervisor = nullptr;
    control.share({});
    sys::unmap(memory, memory_size);
}

// ---- Beginning them. ---------------------------------------------------------------------------------------------------

void RequestWorkers::State::begin(std::size_t place) {
    std::unique_lock lock(mutex);
    auto& worker = workers[place];
    int parent = sys::process();
    int pid = 0;
    {
        auto unlocked_in_the_child = control.hold();
        auto whole = Siblings::hold();
        pid = or_raise(sys::fork(), "fork a worker");
    }
    if (pid == 0) {
        lock.unlock();  // handlers ask for counters()
        work(place, parent);
    }
    worker.pid = pid;
    worker.begun = sys::now();
    worker.begun_requests = accounts[place].read().begun;
    worker.expired = false;
    // Without one, for want of descriptors, it is looked at once a turn.
    auto opened = sys::pidfd_open(pid);
    if (!opened) return;
    FileDescriptor pidfd(*opened);
    if (sys::epoll_ctl(events.fileno(), EPOLL_CTL_ADD, pidfd.fileno(), EPOLLIN, place)) worker.pidfd = std::move(pidfd);
}

void RequestWorkers::State::begin_those_due() {
    auto now = sys::now();
    for (std::size_t place = 0; place < workers.size(); ++place) {
        auto& worker = workers[place];
        if (worker.pid != 0 || now < worker.next) continue;
        try {
            begin(place);
        } catch (const OSError&) {
            if (alive() == 0 && worker.failures == 0) throw;  // not one could be had from the start
            worker.next = now + longest_turn;
        }
    }
}

// ---- Their end. --------------------------------------------------------------------------------------------------------

/// What it had in hand is lost. One that never handled a request is replaced later and later.
void RequestWorkers::State::ended(std::size_t place) {
    auto& worker = workers[place];
    if (worker.pidfd) (void)sys::epoll_ctl(events.fileno(), EPOLL_CTL_DEL, worker.pidfd.fileno(), 0, 0);
    worker.pidfd = FileDescriptor();
    worker.pid = 0;
    if (accounts[place].read().running > 0) {
        accounts[place].end();
        ++(worker.expired ? counted.expired : counted.lost);
    }
    bool died = !places[place].leaves.exchange(false);
    places[place].busy_since = 0;
    places[place].host = 0;
    if (!ending) ++(died ? counted.replaced : counted.recycled);
    bool in_vain = died && accounts[place].read().begun == worker.begun_requests;
    worker.failures = in_vain ? worker.failures + 1 : 0;
    worker.next = sys::now();
    if (worker.failures > 1)
        worker.next += std::min(first_pause * (1 << std::min(worker.failures - 2, 10u)), longest_pause);
}

void RequestWorkers::State::collect() {
    std::lock_guard lock(mutex);
    for (std::size_t place = 0; place < workers.size(); ++place) {
        if (workers[place].pid == 0) continue;
        auto collected = sys::collect(workers[place].pid);
        bool gone = collected ? *collected : collected.error().number() == ECHILD;
        if (gone) ended(place);
    }
}

void RequestWorkers::State::end_expired() {
    if (!options.limits.lifetime) return;
    auto now = sys::now().time_since_epoch();
    std::lock_guard lock(mutex);
    for (std::size_t place = 0; place < workers.size(); ++place) {
        auto since = Duration(places[place].busy_since.load());
        auto& worker = workers[place];
        if (worker.pid == 0 || since == Duration::zero() || now - since < *options.limits.lifetime) continue;
        worker.expired = true;
        (void)sys::kill(worker.pid, worker.pidfd.fileno());
    }
}

void RequestWorkers::State::kill() noexcept {
    std::lock_guard lock(mutex);
    for (auto& worker : workers)
        if (worker.pid != 0) (void)sys::kill(worker.pid, worker.pidfd.fileno());
}

std::size_t RequestWorkers::State::alive() const {
    std::lock_guard lock(mutex);
    return static_cast<std::size_t>(std::ranges::count_if(workers, [](const Worker& worker) { return worker.pid; }));
}

std::size_t RequestWorkers::State::busy() const noexcept {
    return static_cast<std::size_t>(
        std::ranges::count_if(places, [](const WorkerPlace& place) { return place.busy_since != 0; }));
}

// ---- While all are busy. -----------------------------------------------------------------------------------------------

void RequestWorkers::State::watch_for_the_full() {
    if (options.when_full == WhenFull::wait || server.socket().kind() == Kind::datagram) return;
    std::uint64_t count = 0;
    (void)sys::read(full.fileno(), std::as_writable_bytes(std::span(&count, 1)));
    bool all_busy = busy() == workers.size();
    if (all_busy != watching) {
        // Edge-triggered: who is left to wait must not be announced for ever.
        int operation = all_busy ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;
        (void)sys::epoll_ctl(events.fileno(), operation, server.fileno(), EPOLLIN | EPOLLET, of_no_worker);
        watching = all_busy;
    }
    if (all_busy) refuse_some();
}

void RequestWorkers::State::refuse_some() {
    bool shed = options.when_full == WhenFull::shed;
    while (!control.is_to_end() && busy() == workers.size() &&
           (!shed || waiting_at(server.socket()).value_or(0) > options.queue)) {
        auto accepted = SocketAccess::accept_now(server.socket());
        if (!accepted) return;
        Request request{.socket = std::move(accepted->socket), .packet = {}, .refused = true};
        control.account().refuse();
        {
            std::lock_guard lock(mutex);
            ++(shed ? counted.shed : counted.over_workers);
        }
        server.shutdown_request(request);
    }
}

// ---- The loop. ---------------------------------------------------------------------------------------------------------

Timeout RequestWorkers::State::turn(Timeout poll_interval) const {
    Duration most = poll_interval.value_or(std::chrono::hours(1));
    std::lock_guard lock(mutex);
    bool to_look_at = options.limits.lifetime.has_value();
    for (const auto& worker : workers) to_look_at = to_look_at || !worker.pidfd;  // to be begun, or without a pidfd
    return to_look_at ? std::min(most, longest_turn) : most;
}

void RequestWorkers::State::serve(Timeout poll_interval) {
    if (control.stopping()) return server.serve_pending();  // nobody served, so it is not worth a worker
    end = FileDescriptor(or_raise(sys::eventfd(), "eventfd"));
    ending = false;
    shared->draining = false;
    struct NoneIsLeft {
        ~NoneIsLeft() {
            state.kill();
            while (state.alive() > 0) {
                pollfd any{state.events.fileno(), POLLIN, 0};
                (void)sys::poll(std::span(&any, 1), longest_turn);  // no hook of signals: this may be an unwinding
                state.collect();
            }
        }
        State& state;
    } at_the_end{*this};
    while (!control.is_to_end()) {
        begin_those_due();
        (void)control.wait(events.fileno(), turn(poll_interval));
        collect();
        end_expired();
        watch_for_the_full();
        if (control.stop_requested()) break;
        server.service_actions();
    }
    let_end(control.stopping());
}

/// Lets workers end what they handle, and at a drain what the kernel holds ready. The listener is not shut down: other
/// processes may listen on it, too. So who connects while workers are busy is served by the first that is free.
void RequestWorkers::State::let_end(bool drain) {
    if (drain) control.begin_drain();
    shared->draining = drain;
    ending = true;
    std::uint64_t one = 1;
    or_raise(sys::write(end.fileno(), std::as_bytes(std::span(&one, 1))), "tell the workers to end");
    while (alive() > 0) {
        if (control.forced()) kill();  // it may have been before the drain began, which took the wake-up
        (void)control.wait(events.fileno(), turn(std::nullopt));
        control.take_wake_up();
        collect();
        end_expired();
    }
    if (drain) server.serve_pending();  // if all died; closes the listener
}

// ---- The interface. ----------------------------------------------------------------------------------------------------

RequestWorkers::RequestWorkers(BaseServer& server, const PreforkOptions& options, Started started)
    : state_(std::make_unique<State>(server, *server.control_, options, started)) {}

RequestWorkers::~RequestWorkers() = default;

bool RequestWorkers::admit(Request& request, const Address& client_address) {
    return state_->admit(request, client_address);
}

bool RequestWorkers::admit_client(const Address& client) { return state_->admit_client(client); }

void RequestWorkers::dismiss() noexcept { state_->dismiss(); }

PreforkCounters RequestWorkers::counters() const {
    PreforkCounters counters;
    {
        std::lock_guard lock(state_->mutex);
        counters = state_->counted;
    }
    counters.workers = state_->alive();
    counters.over_connections = state_->shared->over_connections;
    counters.over_peer = state_->shared->over_peer;
    counters.wakeups = state_->shared->wakeups;
    for (const auto& account : state_->accounts) {
        auto read = account.read();
        counters.running += static_cast<std::size_t>(read.running);
        counters.ended += read.ended();
        counters.late += account.late();
        counters.slow += account.slow();
    }
    return counters;
}

const PreforkOptions& RequestWorkers::options() const noexcept { return state_->options; }

std::vector<int> RequestWorkers::pids() const {
    std::lock_guard lock(state_->mutex);
    std::vector<int> pids;
    for (const auto& worker : state_->workers)
        if (worker.pid != 0) pids.push_back(worker.pid);
    return pids;
}

void RequestWorkers::kill() noexcept { state_->kill(); }

}  // namespace bight::socketserver

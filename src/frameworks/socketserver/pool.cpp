// SPDX-License-Identifier: BSL-1.0
#include <bight/file_descriptor.h>
#include <bight/printable.h>
#include <bight/socketserver/pool.h>

#include "blocking/deadline.h"
#include "blocking/or_raise.h"
#include "blocking/socket_state.h"
#include "frameworks/socketserver/control.h"
#include "sys/processes.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <iostream>
#include <list>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace bight::socketserver {
namespace {

struct Entry {
    Request request;
    Address client_address;
    RequestPool::Work work = nullptr;
    std::weak_ptr<SocketState> connection;  // of streams
    std::string host;                       // that a limit counts; empty where none does
    sys::TimePoint begun{};
    bool expired = false;
};
using Entries = std::list<Entry>;

PoolOptions complete(PoolOptions options) {
    std::size_t processors = std::max(std::thread::hardware_concurrency(), 1u);
    if (options.threads == 0) options.threads = std::min<std::size_t>(4 * processors, 256);
    options.queue = std::max<std::size_t>(options.queue, 1);
    auto& limits = options.limits;
    if (!limits.max_connections) limits.max_connections = sys::descriptor_limit() / 5 * 4;
    if (!limits.max_per_peer) {
        bool counts = limits.max_connections != ConnectionLimits::unlimited;
        limits.max_per_peer = counts ? std::max<std::size_t>(*limits.max_connections / 8, 1) : *limits.max_connections;
    }
    return options;
}

}  // namespace

struct RequestPool::State {
    State(BaseServer& serving, const PoolOptions& wanted)
        : server(serving), options(complete(wanted)), room(or_raise(sys::eventfd(), "eventfd")) {}

    std::size_t connections() const { return live.size() + queue.size(); }

    /// Counts a refusal if a limit of connections is reached.
    bool is_over_limit(const std::string& host) {
        if (connections() >= *options.limits.max_connections) return ++counters.over_connections, true;
        if (host.empty()) return false;
        auto found = by_host.find(host);
        if (found == by_host.end() || found->second < *options.limits.max_per_peer) return false;
        return ++counters.over_peer, true;
    }

    void forget_host(const Entry& entry) {
        if (entry.host.empty()) return;
        auto found = by_host.find(entry.host);
        if (--found->second == 0) by_host.erase(found);
    }

    /// One more thread, if all are busy and one more is allowed.
    void grow() {
        if (idle > queue.size() || threads.size() >= options.threads) return;
        try {
            threads.emplace_back([this] { serve(); });
        } catch (const std::system_error& error) {
            if (threads.empty()) raise_os_error(error.code().value(), "start a thread for requests");
        }
    }

    void serve() {
        std::unique_lock lock(mutex);
        while (true) {
            ++idle;
            work_or_end.wait(lock, [this] { return closing || !queue.empty(); });
            --idle;
            if (queue.empty()) return;
            live.splice(live.end(), queue, queue.begin());
            auto place = std::prev(live.end());
            tell_room();
            lock.unlock();
            run(*place);
            lock.lock();
            forget_host(*place);
            live.erase(place);
            ++counters.ended;
            tell_room();
            if (connections() == 0) none_left.notify_all();
        }
    }

    void run(Entry& entry) noexcept {
        try {
            entry.work(server, entry.request, entry.client_address);
        } catch (const std::exception& error) {  // of a hook: nobody else is there to hear of it
            std::cerr << "bight: " + printable(std::string("a request ended: ") + error.what()) + '\n';
        } catch (...) {
            // What is no std::exception ends this request and nothing else.
        }
    }

    void tell_room() noexcept {
        std::uint64_t one = 1;
        if (std::exchange(awaited, false)) (void)sys::write(room.fileno(), std::as_bytes(std::span(&one, 1)));
    }

    /// Until the queue has room, or shutdown() is asked for: then what is in hand goes in beyond it.
    void wait_for_room(std::unique_lock<std::mutex>& lock) {
        while (queue.size() >= options.queue) {
            std::uint64_t count = 0;
            (void)sys::read(room.fileno(), std::as_writable_bytes(std::span(&count, 1)));
            awaited = true;
            lock.unlock();
            bool go_on = server.wait_for(room.fileno(), std::nullopt);
            lock.lock();
            if (!go_on) return;
        }
    }

    BaseServer& server;
    const PoolOptions options;
    FileDescriptor room;  // an eventfd: written to when a request leaves the queue while the serving thread waits
    mutable std::mutex mutex;
    std::condition_variable work_or_end;
    std::condition_variable none_left;
    bool awaited = false;
    bool closing = false;
    std::size_t idle = 0;
    Entries queue;
    Entries live;
    std::map<std::string, std::size_t, std::less<>> by_host;
    std::vector<std::thread> threads;
    PoolCounters counters;
};

RequestPool::RequestPool(BaseServer& server, const PoolOptions& options)
    : state_(std::make_unique<State>(server, options)) {}

RequestPool::~RequestPool() {
    abort();
    close();
}

bool RequestPool::submit(Request& request, const Address& client_address, Work work) {
    auto& state = *state_;
    const auto& limits = state.options.limits;
    Entries entry(1);
    auto& made = entry.front();
    made.client_address = client_address;
    made.work = work;
    made.begun = sys::now();
    bool is_stream = request.socket.kind() != Kind::datagram;
    if (is_stream) {
        made.connection = SocketAccess::watch(request.socket);
        if (limits.max_per_peer != ConnectionLimits::unlimited && !client_address.is_loopback())
            made.host = client_address.host();
    }
    Entries shed;
    {
        std::unique_lock lock(state.mutex);
        if (is_stream && state.is_over_limit(made.host)) return false;
        if (state.queue.size() >= state.options.queue) {
            auto when_full = state.options.when_full;
            if (when_full == WhenFull::refuse) return ++state.counters.over_queue, false;
            if (when_full == WhenFull::wait) state.wait_for_room(lock);
        }
        state.grow();
        if (is_stream && limits.idle) request.socket.settimeout(limits.idle);
        if (!made.host.empty()) ++state.by_host[made.host];
        made.request = std::move(request);
        if (state.options.when_full == WhenFull::shed && state.queue.size() >= state.options.queue) {
            shed.splice(shed.end(), state.queue, state.queue.begin());
            state.forget_host(shed.front());
            ++state.counters.shed;
        }
        state.queue.splice(state.queue.end(), entry);
        state.work_or_end.notify_one();
    }
    for (auto& victim : shed) {
        state.server.refuse();
        state.server.shutdown_request(victim.request);
    }
    return true;
}

PoolCounters RequestPool::counters() const {
    std::lock_guard lock(state_->mutex);
    auto counters = state_->counters;
    counters.running = state_->live.size();
    counters.queued = state_->queue.size();
    return counters;
}

const PoolOptions& RequestPool::options() const noexcept { return state_->options; }

void RequestPool::end_expired() {
    const auto& lifetime = state_->options.limits.lifetime;
    if (!lifetime) return;
    auto now = sys::now();
    std::lock_guard lock(state_->mutex);
    for (auto* entries : {&state_->live, &state_->queue})
        for (auto& entry : *entries) {
            if (entry.expired || now - entry.begun < *lifetime) continue;
            auto connection = entry.connection.lock();
            if (!connection) continue;
            connection->abort();
            entry.expired = true;
            ++state_->counters.expired;
        }
}

bool RequestPool::wait(Timeout limit) {
    std::unique_lock lock(state_->mutex);
    for (const auto& thread : state_->threads)
        if (thread.get_id() == std::this_thread::get_id())
            throw BusyError("server_close() from a handler's thread would wait for itself");
    return wait_until(state_->none_left, lock, Deadline(limit), [this] { return state_->connections() == 0; });
}

void RequestPool::abort() noexcept {
    std::lock_guard lock(state_->mutex);
    for (auto* entries : {&state_->live, &state_->queue})
        for (auto& entry : *entries)
            if (auto connection = entry.connection.lock()) connection->abort();
}

void RequestPool::close() {
    (void)wait(std::nullopt);
    std::vector<std::thread> threads;
    {
        std::lock_guard lock(state_->mutex);
        state_->closing = true;
        threads.swap(state_->threads);
        state_->work_or_end.notify_all();
    }
    for (auto& thread : threads) thread.join();
}

}  // namespace bight::socketserver

// SPDX-License-Identifier: BSL-1.0
#include <bight/file_descriptor.h>
#include <bight/printable.h>
#include <bight/socketserver/pool.h>

#include "blocking/deadline.h"
#include "blocking/or_raise.h"
#include "blocking/socket_state.h"
#include "frameworks/socketserver/complete_limits.h"
#include "frameworks/socketserver/control.h"
#include "sys/threads.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <iostream>
#include <list>
#include <map>
#include <mutex>
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
    bool over_peer = false;  // counted so already
};
using Entries = std::list<Entry>;

PoolOptions complete(PoolOptions options) {
    std::size_t processors = std::max(std::thread::hardware_concurrency(), 1u);
    if (options.threads == 0) options.threads = std::min<std::size_t>(4 * processors, 256);
    options.queue = std::max<std::size_t>(options.queue, 1);
    complete_limits(options.limits);
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
        return is_over_peer_limit(host);
    }

    bool is_over_peer_limit(const std::string& host) {
        if (host.empty()) return false;
        auto found = by_host.find(host);
        if (found == by_host.end() || found->second < *options.limits.max_per_peer) return false;
        return ++counters.over_peer, true;
    }

    /// The host that a limit counts a client by; empty where none does.
    std::string counted_host(const Address& client) const {
        bool counts = options.limits.max_per_peer != ConnectionLimits::unlimited && !client.is_loopback();
        return counts ? client.host() : "";
    }

    void forget_host(const Entry& entry) {
        if (entry.host.empty()) return;
        auto found = by_host.find(entry.host);
        if (--found->second == 0) by_host.erase(found);
    }

    /// One more thread, if all are busy and one more is allowed.
    void grow() {
        if (idle > queue.size() || threads.size() >= options.threads) return;
        auto thread = sys::start_joinable([this] { serve(); });
        if (thread)
            threads.push_back(std::move(*thread));
        else if (threads.empty())
            raise_os_error(thread.error(), "start a thread for requests");
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
            bool silent = is_silent(*place, sys::now());
            run(*place, silent);
            lock.lock();
            forget_host(*place);
            if (!place->over_peer) ++(silent ? counters.stale : counters.ended);
            live.erase(place);
            tell_room();
            if (connections() == 0) none_left.notify_all();
        }
    }

    void run(Entry& entry, bool silent) noexcept {
        try {
            if (silent) {
                server.control_->account().refuse_begun();
                return server.shutdown_request(entry.request);
            }
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

    /// Until the queue has room, or shutdown() is asked for: then what is in hand goes in beyond it. Limits of time hold
    /// meanwhile.
    void wait_for_room(std::unique_lock<std::mutex>& lock) {
        auto turn = server.control_->poll_interval().value_or(default_poll_interval);
        while (queue.size() >= options.queue) {
            std::uint64_t count = 0;
            (void)sys::read(room.fileno(), std::as_writable_bytes(std::span(&count, 1)));
            awaited = true;
            lock.unlock();
            bool go_on = server.wait_for(room.fileno(), turn);
            end_expired();
            lock.lock();
            if (!go_on) return;
        }
    }

    /// Whether it has waited in the queue for as long as a client may, and said nothing.
    bool is_silent(const Entry& entry, sys::TimePoint now) const {
        if (!options.limits.idle || now - entry.begun < *options.limits.idle) return false;
        auto connection = entry.connection.lock();
        if (!connection) return false;
        pollfd descriptor{connection->fd.fileno(), POLLIN, 0};
        return sys::poll(std::span(&descriptor, 1), Duration::zero()) == 0;
    }

    bool is_old(const Entry& entry, sys::TimePoint now) const {
        return options.limits.lifetime && now - entry.begun >= *options.limits.lifetime;
    }

    /// Both lists are in the order in which the connections were accepted.
    void end_expired() {
        if (!options.limits.lifetime && !options.limits.idle) return;
        auto now = sys::now();
        Entries stale;
        {
            std::lock_guard lock(mutex);
            for (auto& entry : live) {
                if (!is_old(entry, now)) break;
                auto connection = entry.connection.lock();
                if (entry.expired || !connection) continue;
                connection->abort();
                entry.expired = true;
                ++counters.expired;
            }
            for (auto place = queue.begin(); place != queue.end();) {
                auto next = std::next(place);
                bool is_stream = !place->connection.expired();
                if (is_stream && (is_old(*place, now) || is_silent(*place, now))) {
                    stale.splice(stale.end(), queue, place);
                    forget_host(stale.back());
                    ++counters.stale;
                }
                place = next;
            }
            if (!stale.empty()) tell_room();
            if (connections() == 0) none_left.notify_all();
        }
        give_up(stale);
    }

    void give_up(Entries& entries) {
        for (auto& entry : entries) {
            server.control_->account().refuse_begun();
            entry.request.refused = true;
            server.shutdown_request(entry.request);
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
    request.accepted = made.begun;
    bool is_stream = request.socket.kind() != Kind::datagram;
    if (is_stream) {
        made.connection = SocketAccess::watch(request.socket);
        if (!state.server.options().proxies) made.host = state.counted_host(client_address);  // else see admit()
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
        if (is_stream && limits.idle) SocketAccess::limit_calls(request.socket, *limits.idle);
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
    state.give_up(shed);
    return true;
}

bool RequestPool::admit(const Socket& connection, const Address& client) {
    auto& state = *state_;
    auto host = state.counted_host(client);
    if (host.empty()) return true;
    std::lock_guard lock(state.mutex);
    auto is_this = [&](const Entry& entry) { return entry.connection.lock().get() == SocketAccess::state(connection); };
    auto entry = std::ranges::find_if(state.live, is_this);
    if (entry == state.live.end()) return true;
    entry->over_peer = state.is_over_peer_limit(host);
    if (entry->over_peer) return false;
    ++state.by_host[host];
    entry->host = std::move(host);
    return true;
}

PoolCounters RequestPool::counters() const {
    std::lock_guard lock(state_->mutex);
    auto counters = state_->counters;
    counters.running = state_->live.size();
    counters.queued = state_->queue.size();
    counters.late = state_->server.control_->account().late();
    counters.slow = state_->server.control_->account().slow();
    return counters;
}

const PoolOptions& RequestPool::options() const noexcept { return state_->options; }

void RequestPool::end_expired() { state_->end_expired(); }

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

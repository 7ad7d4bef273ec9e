// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/server.h>

#include <bight/asyncio/timeouts.h>
#include <bight/resolver.h>
#include <bight/socket.h>

#include "asyncio/accept_wait.h"
#include "asyncio/loop_state.h"
#include "asyncio/task_access.h"
#include "sys/netdb.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <span>
#include <unordered_map>
#include <utility>

namespace bight::asyncio {
namespace detail {
namespace {

// Without descriptors a connection stays announced: without a pause accepting would spin.
constexpr Duration pause_after_failure = std::chrono::milliseconds(100);

/// The connection was there and is not any more: accept(2).
bool has_gone_away(int errnum) noexcept {
    switch (errnum) {
        case ECONNABORTED:
        case EPROTO:
        case ENETDOWN:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case EPERM: return true;
        default: return false;
    }
}

bool is_connection_error(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const ConnectionError&) {
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace

/// What a Server has and its tasks share. The tasks of connections are its set; those that accept are another.
struct ServerState final : TaskSet {
    using Peer = std::pair<const Address, std::size_t>;

    ServerState(std::unique_ptr<HandlerBase> what, const ServeOptions& how) : handler(std::move(what)), options(how) {
        std::size_t descriptors = loop.engine->channel_limit();
        max_connections = options.max_connections.value_or(descriptors / 10 * 8);
        max_per_peer = options.max_per_peer.value_or(std::max<std::size_t>(max_connections / 8, 1));
    }

    struct Acceptors final : TaskSet {
        explicit Acceptors(ServerState& owner) noexcept : server(owner) {}
        void ended(TaskState& task) noexcept override {
            if (task.outcome == TaskState::Outcome::raised)
                Loop::running().report(task.frame.promise().error, "accepting");
            server.go_if_unknown();
        }
        ServerState& server;
    };

    /// Goes with the last of its tasks, whose handler stands in it, where its Server has gone before.
    void go_if_unknown() noexcept {
        if (is_unknown && size() == 0 && acceptors.size() == 0) delete this;
    }

    void ended(TaskState& task) noexcept override;
    void welcome(engine::AcceptedChannel accepted) noexcept;
    bool admits(engine::AcceptedChannel& accepted, Peer*& place);
    void begin(engine::ChannelOwner channel, Peer* place);
    void wake_all() noexcept;
    bool counts_peers() const noexcept { return max_per_peer != ServeOptions::unlimited; }

    Loop& loop = Loop::running();
    std::unique_ptr<HandlerBase> handler;
    ServeOptions options;
    std::size_t max_connections;
    std::size_t max_per_peer;
    std::vector<engine::ChannelOwner> listeners;
    Acceptors acceptors{*this};
    std::unordered_map<Address, std::size_t> peers;  // but loopback and Unix
    ServeTally tally;
    bool stopping = false;
    bool aborting = false;
    bool is_unknown = false;
    struct EndWait;
    EndWait* waiting = nullptr;  // for the last handler, or the end of the server
};

/// Waits until no handler is left and the listeners are closed.
struct ServerState::EndWait : QueuedWaiter {
    explicit EndWait(ServerState& awaited, bool until_closed) noexcept
        : QueuedWaiter(&end), server(awaited), closed(until_closed) {}

    static void end(Waiter& waiter) noexcept {
        auto& wait = static_cast<EndWait&>(waiter);
        if (!wait.linked) return;
        for (EndWait** link = &wait.server.waiting; *link; link = &(*link)->next_waiting)
            if (*link == &wait) {
                *link = wait.next_waiting;
                break;
            }
        wait.linked = false;
        wait.was_cancelled = true;
        running_loop->ready.push(wait);
    }

    bool is_over() const noexcept { return server.size() == 0 && (!closed || server.listeners.empty()); }
    bool await_ready() noexcept {
        was_cancelled = is_cancelled(*running_loop);
        return was_cancelled || is_over();
    }
    void await_suspend(detail::TaskCoroutine coroutine) noexcept {
        suspend(coroutine);
        next_waiting = server.waiting;
        server.waiting = this;
        linked = true;
    }
    void await_resume() const {
        if (was_cancelled) raise_cancelled();
    }

    ServerState& server;
    EndWait* next_waiting = nullptr;
    bool closed;
    bool linked = false;
    bool was_cancelled = false;
};

void ServerState::wake_all() noexcept {
    for (EndWait** link = &waiting; *link;) {
        EndWait& wait = **link;
        if (!wait.is_over()) {
            link = &wait.next_waiting;
            continue;
        }
        *link = wait.next_waiting;
        wait.linked = false;
        loop.ready.push(wait);  // it may stand still now
    }
}

// ---- Connections. ------------------------------------------------------------------------------------------------------

void ServerState::ended(TaskState& task) noexcept {
    if (task.outcome == TaskState::Outcome::raised && !is_connection_error(task.frame.promise().error))
        Loop::running().report(task.frame.promise().error, "a connection's handler");
    if (aborting && task.outcome == TaskState::Outcome::cancelled)
        ++tally.aborted;
    else
        ++(stopping ? tally.drained : tally.served);
    if (auto* place = static_cast<Peer*>(task.of_set); place && --place->second == 0)
        peers.erase(Address(place->first));
    if (size() == 0) wake_all();
    go_if_unknown();
}

/// Nothing that goes wrong with one connection ends the accepting of others.
void ServerState::welcome(engine::AcceptedChannel accepted) noexcept {
    ++tally.accepted;
    ++loop.accepted;
    Peer* place = nullptr;
    try {
        if (size() < max_connections && admits(accepted, place)) return begin(std::move(accepted.channel), place);
    } catch (...) {
        Loop::running().report(std::current_exception(), "a connection's handler");
    }
    ++tally.refused;
    if (place && place->second == 0) peers.erase(Address(place->first));
}

/// Whether its host may have one more; `place` is where those are counted, null for who is not.
bool ServerState::admits(engine::AcceptedChannel& accepted, Peer*& place) {
    if (!counts_peers()) return true;
    if (accepted.peer.family() == Family::unspecified) accepted.peer = accepted.channel->peer().value_or(Address());
    Family family = accepted.peer.family();
    if ((family != Family::inet && family != Family::inet6) || accepted.peer.is_loopback()) return true;
    place = &*peers.try_emplace(accepted.peer.with_port(0), 0).first;
    return place->second < max_per_peer;
}

void ServerState::begin(engine::ChannelOwner channel, Peer* place) {
    Task<> task = handler->handle(Stream(std::move(channel)));
    TaskState& state = spawn(loop, *this, task.release().promise());
    state.of_set = place;
    if (place) ++place->second;
}

namespace {

Task<> accept_forever(ServerState& server, engine::Channel& listener) {
    while (true) {
        AcceptWait accept(listener);
        int errnum = co_await accept;
        if (errnum == 0) {
            server.welcome(listener.take_accepted());
        } else if (errnum == ECANCELED) {
            co_return;  // the listener was closed
        } else if (!has_gone_away(errnum)) {
            co_await sleep(pause_after_failure);
        }
    }
}

std::vector<Address> addresses_of(const HostPort& where) {
    if (const Address* address = where.address(); address && !where.host().empty()) return {*address};
    if (const Address* address = where.address(); address && address->family() == Family::unix_domain)
        return {*address};
    if (auto known = Loop::running().engine->resolve(where)) {
        if (known->error != 0) throw GaiError(known->error, where.to_string());
        return known->addresses;
    }
    std::vector<Address> found;
    auto host = where.host();
    socket::AddrInfoOptions options{.kind = Kind::stream, .flags = AI_PASSIVE};
    std::optional<std::string_view> name;
    if (!host.empty()) name = host;
    for (auto& info : socket::getaddrinfo(name, where.port(), options))
        if (std::find(found.begin(), found.end(), info.address) == found.end()) found.push_back(info.address);
    return found;
}

}  // namespace

namespace {

constexpr int keepalive_interval = 15;  // seconds
constexpr int keepalive_count = 4;
constexpr Duration longest_keepalive = std::chrono::seconds(32767);  // tcp(7) takes no more
constexpr Duration longest_user_timeout = std::chrono::hours(24);

void set(engine::Channel& channel, int level, int option, int value) {
    auto done = channel.set_option(level, option, std::as_bytes(std::span(&value, 1)));
    if (!done) raise_os_error(done.error(), "setsockopt");
}

template <class Unit>
int whole(Duration duration, Duration most) {
    return static_cast<int>(std::chrono::ceil<Unit>(std::min(duration, most)).count());
}

/// Its connections have these from their listener.
void set_liveness(engine::Channel& listener, const ServeOptions& options) {
    Family family = listener.local().value_or(Address()).family();
    if (family != Family::inet && family != Family::inet6) return;
    if (options.keepalive > Duration::zero()) {
        set(listener, SOL_SOCKET, SO_KEEPALIVE, 1);
        set(listener, IPPROTO_TCP, TCP_KEEPIDLE, whole<std::chrono::seconds>(options.keepalive, longest_keepalive));
        set(listener, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval);
        set(listener, IPPROTO_TCP, TCP_KEEPCNT, keepalive_count);
    }
    if (options.user_timeout > Duration::zero())
        set(listener, IPPROTO_TCP, TCP_USER_TIMEOUT,
            whole<std::chrono::milliseconds>(options.user_timeout, longest_user_timeout));
}

Server begin(std::unique_ptr<ServerState> state) {
    for (auto& listener : state->listeners) set_liveness(*listener, state->options);
    for (auto& listener : state->listeners)
        spawn(loop_core(), state->acceptors, accept_forever(*state, *listener).release().promise());
    return Server(std::move(state));
}

}  // namespace

Server start_server(const HostPort& where, std::unique_ptr<HandlerBase> handler, const ServeOptions& options) {
    auto state = std::make_unique<ServerState>(std::move(handler), options);
    Loop& loop = Loop::running();
    engine::ListenOptions how{options.backlog, true, options.reuse_port, options.dualstack};
    for (Address address : addresses_of(where)) {
        bool picks_port = where.port() == 0 && !state->listeners.empty();
        if (picks_port) {  // one port for all of a host's addresses
            if (auto local = state->listeners.front()->local()) address = address.with_port(local->port());
        }
        auto listener = loop.engine->listen(address, how);
        if (!listener) raise_os_error(listener.error(), "listen on " + address.to_string());
        state->listeners.push_back(std::move(*listener));
    }
    return begin(std::move(state));
}

Server start_server(Socket listener, std::unique_ptr<HandlerBase> handler, const ServeOptions& options) {
    auto state = std::make_unique<ServerState>(std::move(handler), options);
    FileDescriptor fd(listener.detach());
    auto channel = Loop::running().engine->adopt(std::move(fd), engine::Role::listener);
    if (!channel) raise_os_error(channel.error(), "start_server");
    state->listeners.push_back(std::move(*channel));
    return begin(std::move(state));
}

Task<ServeTally> serve(HostPort where, std::unique_ptr<HandlerBase> handler, ServeOptions options) {
    Server server = detail::start_server(where, std::move(handler), options);
    try {
        co_await server.wait_closed();
    } catch (const Cancelled&) {}
    co_return co_await shield(server.stop(options.drain));
}

}  // namespace detail

// ---- Server. -----------------------------------------------------------------------------------------------------------

Server::Server(std::unique_ptr<detail::ServerState> state) noexcept : state_(std::move(state)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
}
Server::~Server() {
    if (!state_) return;
    close();
    state_->cancel_all();
    if (state_->size() == 0 && state_->acceptors.size() == 0) return;
    state_.release()->is_unknown = true;
}

std::vector<Address> Server::addresses() const {
    std::vector<Address> found;
    for (auto& listener : state_->listeners)
        if (auto local = listener->local()) found.push_back(*local);
    return found;
}

bool Server::is_serving() const noexcept { return !state_->listeners.empty(); }
ServeTally Server::tally() const noexcept { return state_->tally; }
std::size_t Server::connections() const noexcept { return state_->size(); }

void Server::close() noexcept {
    state_->acceptors.cancel_all();  // they may not have begun, or pause
    state_->listeners.clear();
    state_->wake_all();
}

Task<> Server::wait_closed() {
    detail::ServerState::EndWait end(*state_, true);
    co_await end;
}

Task<> Server::serve_forever() {
    std::exception_ptr cancelled;
    try {
        co_await wait_closed();
    } catch (const Cancelled&) {
        cancelled = std::current_exception();
    }
    if (!cancelled) co_return;
    co_await shield(stop(Duration::zero()));
    std::rethrow_exception(cancelled);
}

namespace {

Task<> wait_for_handlers(detail::ServerState& server) {
    detail::ServerState::EndWait end(server, false);
    co_await end;
}

// Each takes some dozens: more than the kernel holds ready. Who connects all the time does not hold up the end.
constexpr int most_turns_at_the_end = 128;

/// What the kernel holds ready is accepted by turns; when two bring nothing there is no more.
Task<> accept_pending(detail::ServerState& server) {
    std::uint64_t before = 0;
    int turns = 0;
    do {
        before = server.tally.accepted;
        for (int i = 0; i < 2; ++i) {
            server.loop.engine->be_thorough();
            co_await sleep(Duration::zero());
        }
    } while (server.tally.accepted != before && ++turns < most_turns_at_the_end);
}

}  // namespace

Task<ServeTally> Server::stop(Duration drain) {
    detail::ServerState& server = *state_;
    bool was_cancelled = false;
    try {
        if (!server.listeners.empty()) co_await accept_pending(server);
    } catch (const Cancelled&) {
        was_cancelled = true;
    }
    server.stopping = true;
    close();
    try {
        co_await wait_for(wait_for_handlers(server), drain);
    } catch (const TimeoutError&) {
    } catch (const Cancelled&) {
        was_cancelled = true;
    }
    if (server.size() > 0) {
        server.aborting = true;
        server.cancel_all();
        co_await shield(wait_for_handlers(server));
    }
    if (was_cancelled) detail::raise_cancelled();
    co_return server.tally;
}

}  // namespace bight::asyncio

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/asyncio/stream.h>
#include <bight/asyncio/task.h>
#include <bight/asyncio/task_group.h>
#include <bight/time.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace bight {

class Socket;

namespace asyncio {

// Only members that need no destruction: g++ 12 destroys others twice where the struct is made within a co_await.
struct ServeOptions {
    static constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

    int backlog = 1024;                            // what the kernel holds ready, capped by net.core.somaxconn
    bool reuse_port = false;                       // SO_REUSEPORT: several loops share the port
    bool dualstack = false;                        // of "::": IPv4 as well
    std::optional<std::size_t> max_connections{};  // unset: 0.8 x the limit of descriptors
    std::optional<std::size_t> max_per_peer{};     // from one host; unset: an eighth of that. Not of loopback and Unix
    Duration drain = std::chrono::seconds(30);     // at the end of serve(): how long handlers may go on

    // Of TCP: how a peer is found that has gone without a word. Zero leaves it to the kernel, that is to hours or never.
    Duration keepalive = std::chrono::seconds(60);      // silent for so long, it is asked; gone after four times 15 s
    Duration user_timeout = std::chrono::seconds(120);  // what was sent and not acknowledged for so long ends it
};
static_assert(std::is_trivially_destructible_v<ServeOptions>);

/// What became of the connections of a server. Those accepted are the sum of all the others.
struct ServeTally {
    std::uint64_t accepted = 0;
    std::uint64_t served = 0;   // their handler ended before the stop
    std::uint64_t drained = 0;  // after it, by itself
    std::uint64_t aborted = 0;  // was ended at the deadline
    std::uint64_t refused = 0;  // closed at once, for a limit
};

namespace detail {

struct ServerState;

/// The handler, as the server calls it.
struct HandlerBase {
    virtual ~HandlerBase() = default;
    virtual Task<> handle(Stream client) = 0;
};

template <class Function>
struct HandlerOf final : HandlerBase {
    explicit HandlerOf(Function f) : function(std::move(f)) {}
    Task<> handle(Stream client) override { return function(std::move(client)); }
    Function function;
};

}  // namespace detail

template <class Function>
concept StreamHandler = requires(Function function, Stream client) {
    { function(std::move(client)) } -> std::same_as<Task<>>;
};

/// Listeners, and a task for each of their connections: asyncio.Server. It accepts from the moment it is made.
///
/// An error that leaves a handler ends its connection only; the loop's exception handler is told, but of a
/// ConnectionError, which is an ordinary end. Destroying the server closes the listeners and cancels the handlers, which
/// then are the loop's.
class Server {
public:
    explicit Server(std::unique_ptr<detail::ServerState> state) noexcept;
    Server(Server&&) noexcept;
    Server& operator=(Server&&) noexcept;
    ~Server();

    /// Where it listens: the ports that were picked, too.
    std::vector<Address> addresses() const;

    bool is_serving() const noexcept;

    /// Waits until stop() or close() has ended; cancelled, it stops with no time to drain.
    Task<> serve_forever();

    /// Accepts what the kernel holds ready and then no more, and lets handlers end by themselves; at the deadline cancels
    /// them, and waits for that. Cancelled while it drains, it does so at once.
    Task<ServeTally> stop(Duration drain);

    /// Closes the listeners. Handlers go on. Connections that no handler has yet, in the kernel or here, are closed with
    /// them, and not counted; stop() serves them.
    void close() noexcept;

    /// Waits until it is closed and the last handler has ended.
    Task<> wait_closed();

    /// So far.
    ServeTally tally() const noexcept;
    std::size_t connections() const noexcept;

private:
    std::unique_ptr<detail::ServerState> state_;
};

namespace detail {
Server start_server(Socket listener, std::unique_ptr<HandlerBase> handler, const ServeOptions& options);
Server start_server(const HostPort& where, std::unique_ptr<HandlerBase> handler, const ServeOptions& options);
Task<ServeTally> serve(HostPort where, std::unique_ptr<HandlerBase> handler, ServeOptions options);
}  // namespace detail

/// Listens at `where`, every address of it, and begins `handler(stream)` for each connection. A plain call: binding does
/// not wait, but for a host that is a name. Raises OSError, GaiError.
template <StreamHandler Function>
Server start_server(const HostPort& where, Function handler, const ServeOptions& options = {}) {
    return detail::start_server(where, std::make_unique<detail::HandlerOf<Function>>(std::move(handler)), options);
}

/// As above, on a socket that listens already.
template <StreamHandler Function, std::same_as<Socket> Listener>
Server start_server(Listener listener, Function handler, const ServeOptions& options = {}) {
    return detail::start_server(std::move(listener), std::make_unique<detail::HandlerOf<Function>>(std::move(handler)),
                                options);
}

/// Serves until it is cancelled; then stops with options.drain.
template <StreamHandler Function>
Task<ServeTally> serve(const HostPort& where, Function handler, const ServeOptions& options = {}) {
    return detail::serve(where, std::make_unique<detail::HandlerOf<Function>>(std::move(handler)), options);
}

}  // namespace asyncio
}  // namespace bight

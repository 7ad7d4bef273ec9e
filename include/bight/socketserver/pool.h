// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/socketserver/limits.h>
#include <bight/socketserver/server.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace bight::socketserver {

// ---- A bounded number of threads. --------------------------------------------------------------------------------------

struct PoolOptions {
    std::size_t threads = 0;  // at most; 0: four for each processor, up to 256
    std::size_t queue = 128;  // requests that wait for a thread; at least one
    WhenFull when_full = WhenFull::wait;
    ConnectionLimits limits{};
};

/// What a pool has done so far; the requests it was given are the sum of all but the last three, which
/// count again.
struct PoolCounters {
    std::size_t running = 0;
    std::size_t queued = 0;
    std::uint64_t ended = 0;             // handled, well or not
    std::uint64_t over_connections = 0;  // refused for max_connections
    std::uint64_t over_peer = 0;         // refused for max_per_peer
    std::uint64_t over_queue = 0;        // refused because the queue was full
    std::uint64_t shed = 0;              // from the queue, for another
    std::uint64_t stale = 0;             // from the queue, for their lifetime, or silent for as long as they may be
    std::uint64_t expired = 0;           // ended for their lifetime
    std::uint64_t late = 0;              // whose first message was not there in time
    std::uint64_t slow = 0;              // whose message came too slowly
};

/// The threads of one server, and the requests that wait for them. Threads are begun when they are needed first.
class RequestPool {
public:
    RequestPool(BaseServer& server, const PoolOptions& options);
    ~RequestPool();

    /// Has `work` run in one of the threads. False if a limit refuses the request, which is left then.
    /// Raises OSError where the system gives not even one thread.
    using Work = void (*)(BaseServer& server, Request& request, const Address& client_address);
    bool submit(Request& request, const Address& client_address, Work work);

    /// Counts a connection that runs for this client, where a proxy has said who it is. False if it has too many.
    bool admit(const Socket& connection, const Address& client);

    PoolCounters counters() const;

    /// What holds: with what was unset filled in.
    const PoolOptions& options() const noexcept;

    /// Shuts the connections down that are older than the limit.
    void end_expired();

    /// Waits until no request runs or waits: then true.
    bool wait(Timeout limit);

    /// Shuts every connection down, so that handlers see its end.
    void abort() noexcept;

    /// Waits for the requests, and ends the threads.
    void close();

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Handles the requests of Server in a bounded number of threads, with bounded memory, under limits. Hooks from
/// finish_request on run in those threads. Of a request that is taken from the queue, shutdown_request alone runs.
///
/// Destroying it shuts down the connections that are left and waits for their handlers. Handlers call the hooks of the
/// whole object, so a class that derives from this says abort_requests(), or server_close(), in its own destructor.
template <class Server>
class PoolMixIn : public Server {
public:
    template <class Where>
    PoolMixIn(Where&& where, const ServerOptions& options, const PoolOptions& pool)
        : Server(std::forward<Where>(where), options), pool_(*this, pool) {}
    ~PoolMixIn() override { abort_requests(); }

    void process_request(Request& request, const Address& client_address) override {
        this->leave_running();
        bool taken = false;
        try {
            taken = pool_.submit(request, client_address, &PoolMixIn::process_request_thread);
        } catch (...) {
            this->refuse();
            throw;
        }
        if (taken) return;
        this->refuse();
        request.refused = true;
        this->shutdown_request(request);
    }

    void service_actions() override { pool_.end_expired(); }

    /// Waits for the requests that were taken.
    void server_close() override {
        // Handlers of datagrams answer on the server's own socket: closed under them, its number could be another's.
        constexpr bool shares_socket = std::is_base_of_v<DatagramServer, Server>;
        if (shares_socket) pool_.close();
        Server::server_close();
        pool_.close();
    }

    /// From any thread.
    PoolCounters counters() const { return pool_.counters(); }

    /// What holds: with what was unset filled in.
    const PoolOptions& pool_options() const noexcept { return pool_.options(); }

protected:
    bool admit_client(const Socket& connection, const Address& client) override {
        return pool_.admit(connection, client);
    }
    bool wait_for_requests(Timeout limit) override { return pool_.wait(limit); }
    const ConnectionLimits* connection_limits() const noexcept override { return &pool_.options().limits; }
    void end_requests() noexcept override { pool_.abort(); }

    /// Shuts every live connection down, and waits for their handlers.
    void abort_requests() noexcept {
        pool_.abort();
        pool_.close();
    }

private:
    RequestPool pool_;
};

template <class Handler>
struct PoolTCPServer : PoolMixIn<TCPServer<Handler>> {
    explicit PoolTCPServer(const HostPort& where, const ServerOptions& options = {}, const PoolOptions& pool = {})
        : PoolMixIn<TCPServer<Handler>>(where, options, pool) {}
    explicit PoolTCPServer(Socket&& bound, const ServerOptions& options = {}, const PoolOptions& pool = {})
        : PoolMixIn<TCPServer<Handler>>(std::move(bound), options, pool) {}
    ~PoolTCPServer() override { this->abort_requests(); }
};
template <class Handler>
struct PoolUDPServer : PoolMixIn<UDPServer<Handler>> {
    explicit PoolUDPServer(const HostPort& where, const ServerOptions& options = {}, const PoolOptions& pool = {})
        : PoolMixIn<UDPServer<Handler>>(where, options, pool) {}
    explicit PoolUDPServer(Socket&& bound, const ServerOptions& options = {}, const PoolOptions& pool = {})
        : PoolMixIn<UDPServer<Handler>>(std::move(bound), options, pool) {}
    ~PoolUDPServer() override { this->abort_requests(); }
};
template <class Handler>
struct PoolUnixStreamServer : PoolMixIn<UnixStreamServer<Handler>> {
    explicit PoolUnixStreamServer(Bytes path, const ServerOptions& options = {}, const PoolOptions& pool = {})
        : PoolMixIn<UnixStreamServer<Handler>>(path, options, pool) {}
    explicit PoolUnixStreamServer(Socket&& bound, const ServerOptions& options = {}, const PoolOptions& pool = {})
        : PoolMixIn<UnixStreamServer<Handler>>(std::move(bound), options, pool) {}
    ~PoolUnixStreamServer() override { this->abort_requests(); }
};
template <class Handler>
struct PoolUnixDatagramServer : PoolMixIn<UnixDatagramServer<Handler>> {
    explicit PoolUnixDatagramServer(Bytes path, const ServerOptions& options = {}, const PoolOptions& pool = {})
        : PoolMixIn<UnixDatagramServer<Handler>>(path, options, pool) {}
    explicit PoolUnixDatagramServer(Socket&& bound, const ServerOptions& options = {}, const PoolOptions& pool = {})
        : PoolMixIn<UnixDatagramServer<Handler>>(std::move(bound), options, pool) {}
    ~PoolUnixDatagramServer() override { this->abort_requests(); }
};

}  // namespace bight::socketserver

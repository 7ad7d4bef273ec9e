// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/socketserver/server.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>

namespace bight::socketserver {

// ---- A bounded number of threads. --------------------------------------------------------------------------------------

/// What becomes of a request that finds the queue full.
enum class WhenFull {
    wait,    // it waits, and those behind it wait in the kernel's queue
    refuse,  // it is shut down
    shed,    // the one that has waited longest is shut down, and this one takes its place
};

/// What a client may take. Of datagrams none of it holds.
struct ConnectionLimits {
    static constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

    std::optional<std::size_t> max_connections{};  // accepted and not ended; unset: 0.8 x the limit of descriptors
    std::optional<std::size_t> max_per_peer{};     // from one host; unset: an eighth of that. Not of loopback and Unix
    Timeout idle = std::chrono::seconds(120);      // for each call of the handler on its connection
    Timeout lifetime{};                            // of a connection; kept to within serve_forever()'s poll_interval

    /// For benchmarks, and for servers behind another that limits.
    static ConnectionLimits none() { return {unlimited, unlimited, std::nullopt, std::nullopt}; }
};

struct PoolOptions {
    std::size_t threads = 0;  // at most; 0: four for each processor, up to 256
    std::size_t queue = 128;  // requests that wait for a thread; at least one
    WhenFull when_full = WhenFull::wait;
    ConnectionLimits limits{};
};

/// What a pool has done so far; the requests it was given are the sum of all but `expired`, which counts again.
struct PoolCounters {
    std::size_t running = 0;
    std::size_t queued = 0;
    std::uint64_t ended = 0;             // handled, well or not
    std::uint64_t over_connections = 0;  // refused for max_connections
    std::uint64_t over_peer = 0;         // refused for max_per_peer
    std::uint64_t over_queue = 0;        // refused because the queue was full
    std::uint64_t shed = 0;              // from the queue
    std::uint64_t expired = 0;           // ended for their lifetime
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
/// finish_request on run in those threads. Of a request that is shed, shutdown_request runs in the serving thread.
///
/// Destroying it shuts down the connections that are left and waits for their handlers. Handlers call the hooks of the
/// whole object, so a class that derives from this says abort_requests(), or server_close(), in its own destructor.
template <class Server>
class PoolMixIn : public Server {
public:
    template <class Where>
    PoolMixIn(const Where& where, const ServerOptions& options, const PoolOptions& pool)
        : Server(where, options), pool_(*this, pool) {}
    ~PoolMixIn() override { abort_requests(); }

    void process_request(Request& request, const Address& client_address) override {
        bool taken = false;
        try {
            taken = pool_.submit(request, client_address, &PoolMixIn::process_request_thread);
        } catch (...) {
            this->refuse();
            throw;
        }
        if (taken) return;
        this->refuse();
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
    std::size_t running_requests() const override {
        auto now = pool_.counters();
        return now.running + now.queued;
    }
    bool wait_for_requests(Timeout limit) override { return pool_.wait(limit); }
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
    ~PoolTCPServer() override { this->abort_requests(); }
};
template <class Handler>
struct PoolUDPServer : PoolMixIn<UDPServer<Handler>> {
    explicit PoolUDPServer(const HostPort& where, const ServerOptions& options = {}, const PoolOptions& pool = {})
        : PoolMixIn<UDPServer<Handler>>(where, options, pool) {}
    ~PoolUDPServer() override { this->abort_requests(); }
};
template <class Handler>
struct PoolUnixStreamServer : PoolMixIn<UnixStreamServer<Handler>> {
    explicit PoolUnixStreamServer(Bytes path, const ServerOptions& options = {}, const PoolOptions& pool = {})
        : PoolMixIn<UnixStreamServer<Handler>>(path, options, pool) {}
    ~PoolUnixStreamServer() override { this->abort_requests(); }
};
template <class Handler>
struct PoolUnixDatagramServer : PoolMixIn<UnixDatagramServer<Handler>> {
    explicit PoolUnixDatagramServer(Bytes path, const ServerOptions& options = {}, const PoolOptions& pool = {})
        : PoolMixIn<UnixDatagramServer<Handler>>(path, options, pool) {}
    ~PoolUnixDatagramServer() override { this->abort_requests(); }
};

}  // namespace bight::socketserver

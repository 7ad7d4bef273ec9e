// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/socketserver/limits.h>
#include <bight/socketserver/server.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace bight::socketserver {

// ---- A number of processes, which are there before the requests. -------------------------------------------------------

struct PreforkOptions {
    std::size_t workers = 0;         // processes; 0: one for each processor
    std::uint64_t max_requests = 0;  // after so many a worker ends, and another takes its place; 0: never

    /// What becomes of who comes while all workers are busy. `wait`: in the kernel's queue. `refuse`: is shut down.
    /// `shed`: of more than `queue` that wait, the one that has waited longest is shut down; not of datagrams.
    WhenFull when_full = WhenFull::wait;
    std::size_t queue = 128;

    /// Over all workers together. Past its lifetime a connection is ended with its worker, by SIGKILL.
    ConnectionLimits limits{};
};

/// What the workers have done so far, all together.
struct PreforkCounters {
    std::size_t workers = 0;             // that live
    std::size_t running = 0;             // requests
    std::uint64_t ended = 0;             // handled, well or not; those that were lost, too
    std::uint64_t lost = 0;              // with their worker
    std::uint64_t expired = 0;           // ended for their lifetime, with their worker
    std::uint64_t late = 0;              // whose first message was not there in time
    std::uint64_t slow = 0;              // whose message came too slowly
    std::uint64_t over_connections = 0;  // refused for max_connections
    std::uint64_t over_peer = 0;         // refused for max_per_peer
    std::uint64_t over_workers = 0;      // refused because all were busy
    std::uint64_t shed = 0;
    std::uint64_t recycled = 0;  // workers that had handled max_requests
    std::uint64_t replaced = 0;  // workers that died
    std::uint64_t wakeups = 0;   // of workers, to take a request: perhaps in vain
};

/// The worker processes of one server, and what they count in memory that they share.
class RequestWorkers {
public:
    /// `started` is called in each worker before its first request.
    using Started = void (*)(BaseServer& server);
    RequestWorkers(BaseServer& server, const PreforkOptions& options, Started started);
    ~RequestWorkers();

    /// In a worker: false if a limit refuses the request.
    bool admit(Request& request, const Address& client_address);

    /// The same of a client that a proxy has told of: whether its host has not too many.
    bool admit_client(const Address& client);

    /// In a worker: what was admitted is over.
    void dismiss() noexcept;

    PreforkCounters counters() const;

    /// What holds: with what was unset filled in.
    const PreforkOptions& options() const noexcept;

    /// The workers that live.
    std::vector<int> pids() const;

    /// Ends all workers by SIGKILL.
    void kill() noexcept;

    struct State;

private:
    std::unique_ptr<State> state_;
};

/// Handles the requests of Server in processes that are begun by serve_forever() and live as long as it. Each takes its
/// requests from the shared socket itself, and handles one at a time, with all hooks from get_request on; what they
/// change is seen by nobody else. Of the hooks of the loop, service_actions() is called in the parent.
///
/// A worker that dies, even by SIGKILL, takes its own request with it and nothing more, and another is begun at once;
/// later and later, up to five seconds, if they die without having handled any. Workers die with the thread that serves.
/// shutdown() lets them end what they handle, stop() also what the kernel holds ready; who connects while they still do
/// is served by the first that is free. Both are the parent's to call.
/// handle_request() needs no workers, and handles in this process.
///
/// fork(2) copies the calling thread alone: a lock that another thread holds stays locked in a worker for ever. malloc
/// and stdio are safe; for what else handlers share with other threads the program has to see.
template <class Server>
class PreforkMixIn : public Server {
public:
    template <class Where>
    PreforkMixIn(Where&& where, const ServerOptions& options, const PreforkOptions& prefork)
        : Server(std::forward<Where>(where), options), workers_(*this, prefork, &PreforkMixIn::tell_started) {}

    void process_request(Request& request, const Address& client_address) override {
        if (!workers_.admit(request, client_address)) {
            this->refuse();
            request.refused = true;
            return this->shutdown_request(request);
        }
        struct Dismissed {
            ~Dismissed() { workers.dismiss(); }
            RequestWorkers& workers;
        } at_the_end{workers_};
        Server::process_request(request, client_address);
    }

    /// A hook: called in each worker before its first request, to get there what processes must not share. What it raises
    /// ends the worker.
    virtual void worker_started() {}

    /// From any thread.
    PreforkCounters counters() const { return workers_.counters(); }

    /// The numbers of the workers that live.
    std::vector<int> workers() const { return workers_.pids(); }

    /// What holds: with what was unset filled in.
    const PreforkOptions& prefork_options() const noexcept { return workers_.options(); }

protected:
    bool admit_client(const Socket&, const Address& client) override { return workers_.admit_client(client); }
    const ConnectionLimits* connection_limits() const noexcept override { return &workers_.options().limits; }
    void end_requests() noexcept override { workers_.kill(); }

private:
    static void tell_started(BaseServer& server) { static_cast<PreforkMixIn&>(server).worker_started(); }

    RequestWorkers workers_;
};

template <class Handler>
struct PreforkTCPServer : PreforkMixIn<TCPServer<Handler>> {
    explicit PreforkTCPServer(const HostPort& where, const ServerOptions& options = {},
                              const PreforkOptions& prefork = {})
        : PreforkMixIn<TCPServer<Handler>>(where, options, prefork) {}
    explicit PreforkTCPServer(Socket&& bound, const ServerOptions& options = {}, const PreforkOptions& prefork = {})
        : PreforkMixIn<TCPServer<Handler>>(std::move(bound), options, prefork) {}
};
template <class Handler>
struct PreforkUDPServer : PreforkMixIn<UDPServer<Handler>> {
    explicit PreforkUDPServer(const HostPort& where, const ServerOptions& options = {},
                              const PreforkOptions& prefork = {})
        : PreforkMixIn<UDPServer<Handler>>(where, options, prefork) {}
    explicit PreforkUDPServer(Socket&& bound, const ServerOptions& options = {}, const PreforkOptions& prefork = {})
        : PreforkMixIn<UDPServer<Handler>>(std::move(bound), options, prefork) {}
};
template <class Handler>
struct PreforkUnixStreamServer : PreforkMixIn<UnixStreamServer<Handler>> {
    explicit PreforkUnixStreamServer(Bytes path, const ServerOptions& options = {}, const PreforkOptions& prefork = {})
        : PreforkMixIn<UnixStreamServer<Handler>>(path, options, prefork) {}
    explicit PreforkUnixStreamServer(Socket&& bound, const ServerOptions& options = {},
                                     const PreforkOptions& prefork = {})
        : PreforkMixIn<UnixStreamServer<Handler>>(std::move(bound), options, prefork) {}
};
template <class Handler>
struct PreforkUnixDatagramServer : PreforkMixIn<UnixDatagramServer<Handler>> {
    explicit PreforkUnixDatagramServer(Bytes path, const ServerOptions& options = {},
                                       const PreforkOptions& prefork = {})
        : PreforkMixIn<UnixDatagramServer<Handler>>(path, options, prefork) {}
    explicit PreforkUnixDatagramServer(Socket&& bound, const ServerOptions& options = {},
                                       const PreforkOptions& prefork = {})
        : PreforkMixIn<UnixDatagramServer<Handler>>(std::move(bound), options, prefork) {}
};

}  // namespace bight::socketserver

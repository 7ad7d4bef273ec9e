// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/socketserver/server.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace bight::socketserver {

// ---- A process for each request. ---------------------------------------------------------------------------------------

/// The child processes of one server. Each is known by its pidfd (pidfd_open(2)), so that none is taken for another, and
/// children that the program has besides are left alone.
class RequestProcesses {
public:
    /// Gives `server` CPython's limit for handle_request(), 300 s.
    explicit RequestProcesses(BaseServer& server);

    /// Ends the children that are left, and waits for them.
    ~RequestProcesses();

    /// fork(2). True in the parent. In the child, false: closed there are what the parent has of its children, the
    /// listening socket of streams, and what other servers of this process have. Raises OSError where the system refuses
    /// another process.
    bool start(const Request& request);

    /// Waits until fewer than `most` live, or shutdown() is asked for; then collects those that have ended, or waits for
    /// all of them if `blocking`.
    void collect(std::size_t most, bool blocking);

    /// Waits until all have ended and were collected; false if some are left at the limit.
    bool wait(Timeout limit);

    /// Those that have not been collected.
    std::vector<int> pids() const;

    /// Ends all children by SIGKILL.
    void kill() noexcept;

    /// Ends this process, without destructors and without writing out what stdio holds: both are the parent's.
    [[noreturn]] static void exit(int status) noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Handles each request of Server in a process of its own. Hooks from finish_request on run in that process, where what
/// they change is seen by nobody else; only close_request runs in the parent. A child that dies takes its own request
/// with it and nothing more. It keeps no socket of the other servers of the program, nor of their clients.
///
/// fork(2) copies the calling thread alone: a lock that another thread holds stays locked in the child for ever. malloc
/// and stdio are safe; for what else handlers share with other threads the program has to see. So serve before threads
/// are begun, or in a program without. A child's shutdown() does not reach the parent.
///
/// Children that have ended are collected after each turn of serve_forever(), at handle_timeout() and by
/// server_close(): at the default poll_interval no zombie lives longer than half a second. Destroying the server ends
/// the children that are left.
template <class Server>
class ForkingMixIn : public Server {
public:
    using Server::Server;

    /// How many live at most: with so many the server waits for one to end before it takes another request.
    std::size_t max_children = 40;
    /// False: server_close() waits for none.
    bool block_on_close = true;

    void process_request(Request& request, const Address& client_address) override {
        this->leave_running();
        bool parent = false;
        try {
            parent = children_.start(request);
        } catch (...) {
            this->refuse();
            throw;
        }
        if (!parent) serve_in_child(request, client_address);
        this->close_request(request);
    }

    void server_close() override {
        Server::server_close();
        collect_children(block_on_close);
    }

    void service_actions() override { collect_children(); }
    void handle_timeout() override { collect_children(); }

    /// Forgets the children that have ended; waits for every one if `blocking`. With max_children or more, first waits
    /// until there are fewer, or shutdown() is asked for.
    void collect_children(bool blocking = false) { children_.collect(max_children, blocking); }

    /// The numbers of the processes that have not been collected.
    std::vector<int> active_children() const { return children_.pids(); }

protected:
    bool wait_for_requests(Timeout limit) override { return children_.wait(limit); }
    void end_requests() noexcept override { children_.kill(); }

private:
    [[noreturn]] void serve_in_child(Request& request, const Address& client_address) noexcept {
        int status = 1;
        try {
            this->finish_request(request, client_address);
            status = 0;
        } catch (const std::exception&) {
            try {
                this->handle_error(request, client_address);
            } catch (...) {}  // the child ends, with this status, in any case
        } catch (...) {}      // as what is no Exception does in Python
        try {
            this->shutdown_request(request);
        } catch (...) {}
        RequestProcesses::exit(status);
    }

    RequestProcesses children_{*this};
};

template <class Handler>
struct ForkingTCPServer : ForkingMixIn<TCPServer<Handler>> {
    using ForkingMixIn<TCPServer<Handler>>::ForkingMixIn;
};
template <class Handler>
struct ForkingUDPServer : ForkingMixIn<UDPServer<Handler>> {
    using ForkingMixIn<UDPServer<Handler>>::ForkingMixIn;
};
template <class Handler>
struct ForkingUnixStreamServer : ForkingMixIn<UnixStreamServer<Handler>> {
    using ForkingMixIn<UnixStreamServer<Handler>>::ForkingMixIn;
};
template <class Handler>
struct ForkingUnixDatagramServer : ForkingMixIn<UnixDatagramServer<Handler>> {
    using ForkingMixIn<UnixDatagramServer<Handler>>::ForkingMixIn;
};

}  // namespace bight::socketserver

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/socketserver/server.h>

#include <cstddef>
#include <memory>
#include <type_traits>

namespace bight::socketserver {

// ---- A thread for each request. ----------------------------------------------------------------------------------------

/// The threads of one server. Finished ones are forgotten at once.
class RequestThreads {
public:
    RequestThreads();
    ~RequestThreads();

    /// Runs `work` in a thread of its own with this request; `request` is taken only if the thread began.
    /// Raises OSError where the system refuses another thread.
    using Work = void (*)(BaseServer& server, Request& request, const Address& client_address);
    void start(BaseServer& server, Request& request, const Address& client_address, Work work);

    /// How many run at this moment.
    std::size_t size() const;

    /// Waits until all have ended.
    void join();

    /// As join(), up to a limit: false if some are left.
    bool wait(Timeout limit);

    /// Shuts every live connection down, so that handlers see its end.
    void abort() noexcept;

    /// abort() and join().
    void abort_and_join() noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Handles each request of Server in a thread of its own. Hooks from finish_request on run in that thread.
///
/// Destroying it shuts down the connections that are left and waits for their handlers. Handlers call the hooks of the
/// whole object, so a class that derives from this says abort_requests(), or server_close(), in its own destructor.
template <class Server>
class ThreadingMixIn : public Server {
public:
    using Server::Server;
    ~ThreadingMixIn() override { abort_requests(); }

    /// Handlers that server_close() does not wait for.
    bool daemon_threads = false;
    /// False: server_close() waits for none.
    bool block_on_close = true;

    void process_request(Request& request, const Address& client_address) override {
        this->leave_running();
        try {
            threads_.start(*this, request, client_address, &ThreadingMixIn::process_request_thread);
        } catch (...) {
            this->refuse();
            throw;
        }
    }

    void server_close() override {
        // Handlers of datagrams answer on the server's own socket: closed under them, its number could be another's.
        constexpr bool shares_socket = std::is_base_of_v<DatagramServer, Server>;
        bool wait = block_on_close && !daemon_threads;
        if (wait && shares_socket) threads_.join();
        Server::server_close();
        if (wait && !shares_socket) threads_.join();
    }

    /// How many requests are being handled.
    std::size_t active_threads() const { return threads_.size(); }

protected:
    bool wait_for_requests(Timeout limit) override { return threads_.wait(limit); }
    void end_requests() noexcept override { threads_.abort(); }

    /// Shuts every live connection down, and waits for their handlers.
    void abort_requests() noexcept { threads_.abort_and_join(); }

private:
    RequestThreads threads_;
};

template <class Handler>
struct ThreadingTCPServer : ThreadingMixIn<TCPServer<Handler>> {
    using ThreadingMixIn<TCPServer<Handler>>::ThreadingMixIn;
    ~ThreadingTCPServer() override { this->abort_requests(); }
};
template <class Handler>
struct ThreadingUDPServer : ThreadingMixIn<UDPServer<Handler>> {
    using ThreadingMixIn<UDPServer<Handler>>::ThreadingMixIn;
    ~ThreadingUDPServer() override { this->abort_requests(); }
};
template <class Handler>
struct ThreadingUnixStreamServer : ThreadingMixIn<UnixStreamServer<Handler>> {
    using ThreadingMixIn<UnixStreamServer<Handler>>::ThreadingMixIn;
    ~ThreadingUnixStreamServer() override { this->abort_requests(); }
};
template <class Handler>
struct ThreadingUnixDatagramServer : ThreadingMixIn<UnixDatagramServer<Handler>> {
    using ThreadingMixIn<UnixDatagramServer<Handler>>::ThreadingMixIn;
    ~ThreadingUnixDatagramServer() override { this->abort_requests(); }
};

}  // namespace bight::socketserver

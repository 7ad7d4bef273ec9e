// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/buffer.h>
#include <bight/error.h>
#include <bight/file.h>
#include <bight/socket.h>
#include <bight/time.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace bight::socketserver {

class BaseServer;

/// What a server hands to a handler: a connection; or a datagram, and the socket to answer on.
struct Request {
    Socket socket = Socket::closed();
    Buffer packet;  // empty for streams
};

/// A request and who made it.
struct Incoming {
    Request request;
    Address client_address;
};

// ---- Handlers: a new object for each request. --------------------------------------------------------------------------

/// What is done for one request: override handle(), and setup() and finish() where that helps.
///
/// finish() runs whenever setup() succeeded, also if handle() raised. An error that leaves any of them goes to
/// the server's handle_error() and ends this request only.
class BaseRequestHandler {
public:
    virtual ~BaseRequestHandler() = default;

    virtual void setup() {}
    virtual void handle() {}
    virtual void finish() {}

    Socket request = Socket::closed();  // the connection; for datagrams the socket that answers
    Buffer packet;                      // the datagram; empty for streams
    Address client_address;
    BaseServer* server = nullptr;
};

/// A handler with a file to read from and a file to write to on its connection.
class StreamRequestHandler : public BaseRequestHandler {
public:
    void setup() override;
    void finish() override;

    BufferedReader rfile;
    BufferedWriter wfile;

protected:
    // To be set in a constructor.
    std::size_t rbufsize = default_buffer_size;
    std::size_t wbufsize = 0;  // 0: each write is sent at once
    Timeout timeout;           // for each call on the connection
    bool disable_nagle_algorithm = false;
};

/// What a datagram handler writes: one packet, sent when the handler has finished.
class PacketWriter {
public:
    std::size_t write(Bytes data);
    Bytes contents() const noexcept { return contents_; }

private:
    std::string contents_;
};

/// A handler that reads the datagram as a file; what it writes goes back to the sender as one datagram.
class DatagramRequestHandler : public BaseRequestHandler {
public:
    void setup() override;
    void finish() override;

    BufferedReader rfile;
    PacketWriter wfile;
};

// ---- Servers. ----------------------------------------------------------------------------------------------------------

inline constexpr Duration default_poll_interval = std::chrono::milliseconds(500);

struct ServerOptions {
    int request_queue_size = 5;        // the backlog of listen(2)
    bool allow_reuse_address = false;  // restart at once on the same port
    bool allow_reuse_port = false;
    std::size_t max_packet_size = 8192;
    std::optional<Family> address_family{};  // unset: by what the address looks like

    /// False for a class that overrides server_bind() or server_activate(), for a constructor of its base cannot see
    /// them: it calls bind_and_activate() at the end of its own.
    bool bind_and_activate = true;
};

/// What became of the requests of a server that was stopped. Their sum is what it took from the kernel.
struct StopTally {
    std::uint64_t served = 0;   // ended before it was asked to stop
    std::uint64_t drained = 0;  // ended while it waited for them
    std::uint64_t aborted = 0;  // still ran at the deadline
    std::uint64_t refused = 0;  // never begun: by verify_request(), or for want of a thread or a process
};

inline constexpr Duration default_drain = std::chrono::seconds(30);

/// The loop that every server shares, and its hooks, in the order in which they are called: get_request,
/// verify_request, process_request, finish_request, shutdown_request, close_request.
///
/// Callers use serve_forever(), handle_request(), shutdown(), server_close(), server_address(), fileno(), timeout.
/// The virtual functions are for classes that derive. One thread serves; shutdown() may be called from any other.
class BaseServer {
public:
    virtual ~BaseServer();
    BaseServer(const BaseServer&) = delete;
    BaseServer& operator=(const BaseServer&) = delete;

    /// Serves until shutdown(). Calls service_actions() after each turn; a turn lasts at most `poll_interval`, which
    /// matters to service_actions() alone: requests and shutdown() are seen at once. When the process runs out of
    /// descriptors or memory, accepting pauses for a tenth of a second at a time.
    void serve_forever(Timeout poll_interval = default_poll_interval);

    /// Waits for one request and serves it; handle_timeout() is called when `timeout` (or the socket's, if that is
    /// less) has passed before.
    void handle_request();

    /// Ends serve_forever(), and returns when it has ended; before the first one, waits until it has begun and ended.
    /// After one it returns at once, and the next one ends unserved, as in Python. From the thread that serves it only
    /// asks, and returns at once.
    void shutdown();

    /// Ends the server for good, from any thread that neither serves nor handles a request (BusyError). Serves what the
    /// kernel holds ready, closes the listening socket of streams, waits up to `drain` for the handlers, then shuts down
    /// the connections that are left, ends the child processes that are left, and calls server_close(). A handler that
    /// waits for something else than its connection holds stop() up beyond that.
    ///
    /// A second stop(), from another thread, makes the first as short as its own `drain`, and returns with it.
    /// serve_forever() returns at once after it. Served handlers are those that ended, well or not.
    StopTally stop(Timeout drain = default_drain);

    /// Closes the socket, and waits for what process_request() left running: so from none of its threads, which raises
    /// BusyError. May be called again.
    virtual void server_close();

    /// server_bind() and server_activate(); closes the socket if one of them raises.
    void bind_and_activate();

    /// The address bound to: the real one, where port 0 was asked for.
    const Address& server_address() const noexcept { return server_address_; }
    Socket& socket() noexcept { return socket_; }
    int fileno() const noexcept { return socket_.fileno(); }
    const ServerOptions& options() const noexcept { return options_; }

    /// How long handle_request() waits; without limit if unset.
    Timeout timeout;

    // ---- Hooks. -------------------------------------------------------------------------------------------------------

    virtual void server_bind();
    virtual void server_activate() = 0;

    /// Takes the next request, without waiting. An OSError from here is taken for a request that has gone away.
    virtual Incoming get_request() = 0;

    /// False refuses the request: it is shut down quietly.
    virtual bool verify_request(Request& request, const Address& client_address);

    /// Calls finish_request(), then shutdown_request().
    virtual void process_request(Request& request, const Address& client_address);

    /// Makes the handler and runs it.
    virtual void finish_request(Request& request, const Address& client_address) = 0;

    virtual void shutdown_request(Request& request) = 0;
    virtual void close_request(Request& request) = 0;

    /// Called inside the catch of an exception that left a handler; the default writes one line to standard error.
    virtual void handle_error(Request& request, const Address& client_address);

    virtual void handle_timeout() {}
    virtual void service_actions() {}

protected:
    // ---- For classes whose process_request() leaves requests running. Called from any thread. --------------------------

    /// How many run.
    virtual std::size_t running_requests() const { return 0; }

    /// Waits until none runs: then true.
    virtual bool wait_for_requests(Timeout) { return true; }

    /// Makes those that run end, and does not wait for it.
    virtual void end_requests() noexcept {}

    /// To be called where process_request() raises before it has begun anything: it counts as refused.
    void refuse() noexcept;

    BaseServer(const HostPort& where, Kind kind, const ServerOptions& options);

    /// setup(), handle(), finish() of `handler`, which holds the request meanwhile.
    void run_handler(BaseRequestHandler& handler, Request& request, const Address& client_address);

    /// Shuts the request down after the exception that is being handled: an ordinary one goes to handle_error(), what
    /// is no std::exception goes on to the caller.
    void request_failed(Request& request, const Address& client_address);

    /// What a thread does with a request that it was given: the hooks from finish_request on.
    static void process_request_thread(BaseServer& server, Request& request, const Address& client_address);

private:
    friend class RequestProcesses;
    friend class RequestPool;
    struct Control;

    void handle_request_noblock();
    void process_counted(Request& request, const Address& client_address);
    void serve_pending();
    void force_stop();
    void drain_alone() noexcept;

    /// Waits until `fd` is readable, or shutdown() is asked for: then false.
    bool wait_for(int fd, Timeout limit);

    /// In a child process: what the loop waits with is the parent's.
    void forget_parent() noexcept;

    ServerOptions options_;
    HostPort where_;
    Socket socket_;
    Address server_address_;
    std::unique_ptr<Control> control_;  // what shutdown() and the loop say to each other
};

/// Streams: listens, and accepts connections.
class StreamServer : public BaseServer {
public:
    void server_activate() override;
    Incoming get_request() override;
    void shutdown_request(Request& request) override;
    void close_request(Request& request) override;

protected:
    StreamServer(const HostPort& where, const ServerOptions& options);
};

/// Datagrams: each one is a request.
class DatagramServer : public BaseServer {
public:
    void server_activate() override {}
    Incoming get_request() override;
    void shutdown_request(Request& request) override;
    void close_request(Request&) override {}

protected:
    DatagramServer(const HostPort& where, const ServerOptions& options);
};

// ---- Servers with their handlers. --------------------------------------------------------------------------------------

/// A server whose requests are handled by objects of class Handler, made without arguments.
template <class Handler, class Server>
class HandledBy : public Server {
public:
    explicit HandledBy(const HostPort& where, const ServerOptions& options = {}) : Server(where, options) {}

    void finish_request(Request& request, const Address& client_address) override {
        Handler handler;
        this->run_handler(handler, request, client_address);
    }
};

/// As HandledBy, at a path of the file system.
template <class Handler, class Server>
class HandledAtPath : public HandledBy<Handler, Server> {
public:
    explicit HandledAtPath(Bytes path, const ServerOptions& options = {})
        : HandledBy<Handler, Server>(Address::unix_path(path), options) {}
    explicit HandledAtPath(const Address& address, const ServerOptions& options = {})
        : HandledBy<Handler, Server>(address, options) {}
};

template <class Handler>
struct TCPServer : HandledBy<Handler, StreamServer> {
    using HandledBy<Handler, StreamServer>::HandledBy;
};
template <class Handler>
struct UDPServer : HandledBy<Handler, DatagramServer> {
    using HandledBy<Handler, DatagramServer>::HandledBy;
};
template <class Handler>
struct UnixStreamServer : HandledAtPath<Handler, StreamServer> {
    using HandledAtPath<Handler, StreamServer>::HandledAtPath;
};
template <class Handler>
struct UnixDatagramServer : HandledAtPath<Handler, DatagramServer> {
    using HandledAtPath<Handler, DatagramServer>::HandledAtPath;
};

}  // namespace bight::socketserver

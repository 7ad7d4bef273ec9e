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
#include <utility>

namespace bight {
class Deadline;
struct ReadPace;
}  // namespace bight

namespace bight::proxy_protocol {
struct Header;
}

namespace bight::socketserver {

class BaseServer;
struct ConnectionLimits;
struct TrustedProxies;  // bight/socketserver/proxies.h

/// What a server hands to a handler: a connection; or a datagram, and the socket to answer on.
struct Request {
    Socket socket = Socket::closed();
    Buffer packet;                                     // empty for streams
    std::chrono::steady_clock::time_point accepted{};  // of servers with limits
    bool refused = false;                              // nobody waits for what it still sends
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
    std::chrono::steady_clock::time_point accepted{};            // of servers with limits
    std::shared_ptr<const proxy_protocol::Header> proxy_header;  // of a server with proxies; else null
};

/// A handler with a file to read from and a file to write to on its connection.
class StreamRequestHandler : public BaseRequestHandler {
public:
    void setup() override;
    void finish() override;

    BufferedReader rfile;
    BufferedWriter wfile;

protected:
    /// The next message, up to and with `separator`; empty at the end: rfile.readuntil(), under the server's limits for
    /// messages (ConnectionLimits), which raise TimeoutError. Pool and Prefork servers have some.
    Buffer read_message(Bytes separator = "\n", std::size_t limit = default_line_limit);

    /// The same for a message of another form: `read()` reads it, all of it, by rfile.
    template <class Read>
    auto read_message_by(Read read) {
        MessageScope message(*this);
        return read();
    }

    // To be set in a constructor.
    std::size_t rbufsize = default_buffer_size;
    std::size_t wbufsize = 0;  // 0: each write is sent at once
    Timeout timeout;           // for each call on the connection
    bool disable_nagle_algorithm = false;

private:
    /// The time in which what rfile reads is one message.
    class MessageScope {
    public:
        explicit MessageScope(StreamRequestHandler& handler);
        ~MessageScope();

    private:
        StreamRequestHandler& handler_;
        std::unique_ptr<ReadPace> pace_;  // null without limits
    };
    bool had_message_ = false;
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
    std::optional<unsigned> unix_mode{};  // of the path, less the umask; set before bind(2): never wider for a moment
    std::shared_ptr<const TrustedProxies> proxies{};  // set: connections come through these, and begin with a header

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
    /// less) has passed before. A stop() makes it serve what the kernel holds ready, and return. Raises ClosedError once
    /// the server is closed or stopped, and BusyError where another thread serves.
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
    /// serve_forever() returns at once after it. Served handlers are those that ended, well or not. Raises OSError where
    /// nobody serves and no thread can be had to drain; it is closed then, too.
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

    /// Of a server with proxies: connections whose peer was not trusted. From any thread.
    std::uint64_t refused_proxies() const noexcept;

    /// How long handle_request() waits; without limit if unset.
    Timeout timeout;

    // ---- Hooks. -------------------------------------------------------------------------------------------------------

    /// Of a socket that was bound before, only asks for its address.
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
    // ---- For classes whose process_request() leaves requests running. --------------------------------------------------

    /// process_request() says so before the request can end: then request_ended() or refuse() is due for it.
    void leave_running() noexcept;

    /// From any thread: a request that was left running has ended.
    void request_ended() noexcept;

    /// process_request() raises, or gives a request up, before its handler began: it counts as refused.
    void refuse() noexcept;

    /// Waits until none runs: then true. From any thread.
    virtual bool wait_for_requests(Timeout) { return true; }

    /// What a client may take; null for no limits.
    virtual const ConnectionLimits* connection_limits() const noexcept { return nullptr; }

    /// Makes those that run end, and does not wait for it. From any thread.
    virtual void end_requests() noexcept {}

    /// A proxy has said who the client of a connection is: false gives it up. For limits that count clients.
    virtual bool admit_client(const Socket&, const Address&) { return true; }

    BaseServer(const HostPort& where, Kind kind, const ServerOptions& options);
    BaseServer(Socket&& socket, Kind kind, const ServerOptions& options);

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
    friend class RequestWorkers;
    friend class StreamRequestHandler;
    struct Control;

    void bind_socket();
    bool is_untrusted(const Address& peer);
    bool read_proxy_header_for(BaseRequestHandler& handler);
    void handle_request_noblock();
    void process_counted(Request& request, const Address& client_address);
    void serve_pending();
    void force_stop();
    void drain_alone() noexcept;
    void drain(bool loop_was_asked, const Deadline& deadline);

    /// Waits until `fd` is readable, or shutdown() is asked for: then false.
    bool wait_for(int fd, Timeout limit);

    ServerOptions options_;
    std::optional<HostPort> where_;  // unset: the socket was bound by others
    Socket socket_ = Socket::closed();
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
    StreamServer(Socket&& listener, const ServerOptions& options);
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
    DatagramServer(Socket&& port, const ServerOptions& options);
};

// ---- Servers with their handlers. --------------------------------------------------------------------------------------

/// A server whose requests are handled by objects of class Handler, made without arguments.
///
/// Instead of an address it takes a socket that was bound before: by systemd or inetd (bight/inherited.h), or by another
/// process (bight/handover.h). One that listens keeps its backlog; address_family and the two allow_reuse_ mean nothing.
/// Raises ValueError for a socket of the wrong kind.
template <class Handler, class Server>
class HandledBy : public Server {
public:
    explicit HandledBy(const HostPort& where, const ServerOptions& options = {}) : Server(where, options) {}
    explicit HandledBy(Socket&& bound, const ServerOptions& options = {}) : Server(std::move(bound), options) {}

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
    explicit HandledAtPath(Socket&& bound, const ServerOptions& options = {})
        : HandledBy<Handler, Server>(std::move(bound), options) {}
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

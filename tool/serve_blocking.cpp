// SPDX-License-Identifier: BSL-1.0
#include "characters.h"
#include "serve_styles.h"
#include "talk.h"

#include <bight/error.h>
#include <bight/select.h>
#include <bight/socketserver.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <exception>
#include <list>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace bight::tool {
namespace {

using socketserver::BaseServer;

// How long a client that does not read is waited for at once: that the server drains, a handler learns by looking only.
constexpr Duration between_looks = std::chrono::milliseconds(200);

/// Where a handler, which is made without arguments, finds what it needs: its server is one of these too.
struct HasContext {
    explicit HasContext(ServeContext& serve_context) : context(serve_context) {}
    virtual ~HasContext() = default;

    /// As the hook of the Prefork servers; of the others nobody calls it.
    virtual void worker_started() {}

    /// Connections that have ended with their process, whose handler could not count them as failed.
    virtual std::uint64_t ended_with_worker() const { return 0; }

    ServeContext& context;
};

ServeContext& context_of(BaseServer* server) { return dynamic_cast<HasContext&>(*server).context; }

/// One connection, from its first byte to its end.
class StreamHandler : public socketserver::BaseRequestHandler {
    using Clock = MessagePace::Clock;

public:
    void handle() override {
        auto& context = context_of(server);
        ++context.tally.connections;
        if (context.idle) request.settimeout(context.idle);
        if (!serve(context)) ++context.tally.failed;
    }

private:
    /// False if it ended otherwise than by the client's end of stream, or the service's own.
    bool serve(ServeContext& context) {
        if (Conversation::only_greets(context.service)) return greet(context);
        return Conversation::is_endless(context.service) ? go_on(context) : converse(context);
    }

    bool converse(ServeContext& context) {
        Conversation conversation(context.service, context.messages.longest);
        bool of_messages = Conversation::has_messages(context.service);
        MessagePace pace(context.messages, accepted == Clock::time_point() ? Clock::now() : accepted);
        auto memory = Buffer::with_capacity(Conversation::most_input(context.service, context.buffer));
        while (true) {
            if (of_messages) limit_calls(pace.wait(context.idle));
            auto data = request.try_recv_into(memory.room());
            if (!data) return complain_of(pace);
            if (of_messages) limit_calls(context.idle);
            context.tally.received += data->size();
            auto answer = data->empty() ? conversation.answer_end() : conversation.answer(*data);
            if (!answer.empty() && !request.try_sendall(answer)) return false;
            context.tally.sent += answer.size();
            if (data->empty()) return true;
            pace.heard(conversation);
        }
    }

    /// A system call only where it changes anything.
    void limit_calls(Timeout limit) {
        if (limit != request.gettimeout()) request.settimeout(limit);
    }

    bool complain_of(const MessagePace& pace) {
        if (const char* complaint = pace.complaint()) say(client_address.to_string() + ": " + complaint);
        return false;
    }

    /// Closed with something unread, the connection would be reset, and the words lost on the way: so it listens for a
    /// while.
    bool greet(ServeContext& context) {
        Conversation conversation(context.service);
        auto words = conversation.greeting();
        if (!request.try_sendall(words)) return false;
        context.tally.sent += words.size();
        request.settimeout(longest_farewell);
        (void)::shutdown(request.fileno(), SHUT_WR);
        return discard_until_end(context, 0);
    }

    /// Until the client ends, or this server. One that does not read is waited for, at most for --idle.
    bool go_on(ServeContext& context) {
        Characters characters;
        request.settimeout(std::min(context.idle.value_or(between_looks), between_looks));
        auto last_sent = Clock::now();
        while (!context.tally.draining) {
            auto sent = request.try_send(characters.next());
            bool may_go_on = !context.idle || Clock::now() - last_sent < *context.idle;
            if (!sent && sent.error() == std::errc::timed_out && may_go_on) continue;
            if (!sent) return false;
            last_sent = Clock::now();
            characters.advance(*sent);
            context.tally.sent += *sent;
            if (discard_until_end(context, MSG_DONTWAIT)) return true;
        }
        return true;
    }

    /// Whether the end has come; with MSG_DONTWAIT, so far.
    bool discard_until_end(ServeContext& context, int flags) {
        std::array<std::byte, 4096> memory;
        while (true) {
            auto data = request.try_recv_into(MutableBytes(memory), flags);
            if (!data) return flags == 0;
            if (data->empty()) return true;
            context.tally.received += data->size();
        }
    }
};

class DatagramHandler : public socketserver::BaseRequestHandler {
public:
    void handle() override {
        auto& context = context_of(server);
        auto& tally = context.tally;
        ++tally.datagrams;
        tally.received += packet.size();
        if (!Conversation::answers_datagrams(context.service, client_address)) return;
        Conversation conversation(context.service);
        // A client that does not take its answers must not hold up the others.
        auto sent = request.try_sendto(conversation.answer_datagram(packet.bytes()), client_address, MSG_DONTWAIT);
        if (sent) {
            tally.sent += *sent;
        } else {
            ++tally.dropped;
        }
    }
};

/// One of the library's servers, with what the tool adds.
template <class Base>
class ToolServer final : public Base, public HasContext {
public:
    template <class... More>
    ToolServer(Socket&& socket, ServeContext& serve_context, const More&... more)
        : Base(std::move(socket), {.max_packet_size = 65535, .proxies = serve_context.options.proxies}, more...),
          HasContext(serve_context) {
        if constexpr (requires { this->max_children; }) this->max_children = serve_context.max_children;
    }

    ~ToolServer() override {
        try {
            this->server_close();
        } catch (const std::exception& error) {
            complain(error);
        }
    }

    socketserver::Incoming get_request() override {
        if (context.is_handed_over()) raise_os_error(EAGAIN, "accept");
        return Base::get_request();
    }

    void finish_request(socketserver::Request& request, const Address& client_address) override {
        if constexpr (requires { this->max_children; }) context.in_child();
        Base::finish_request(request, client_address);
    }

    /// In each worker of --style prefork.
    void worker_started() override { context.in_child(); }

    std::uint64_t ended_with_worker() const override {
        if constexpr (requires(const Base& base) { base.counters().lost; }) {
            auto counters = this->counters();
            return counters.lost + counters.expired;
        }
        return 0;
    }

    /// A connection counts from when it was accepted until it is closed, whether a thread is free for it or not.
    bool verify_request(socketserver::Request& request, const Address& client_address) override {
        if (request.socket.kind() == Kind::datagram) return true;
        // Behind a proxy the client is not known yet: see admit_client().
        auto ticket = context.admission.admit(context.options.proxies ? Address() : client_address);
        if (!ticket) {
            ++context.tally.refused;
            return false;
        }
        std::lock_guard lock(tickets_mutex_);
        tickets_.emplace(request.socket.fileno(), std::move(*ticket));
        return true;
    }

    bool admit_client(const Socket& connection, const Address& client_address) override {
        if (!Base::admit_client(connection, client_address)) {
            ++context.tally.refused_later;
            return false;
        }
        std::lock_guard lock(tickets_mutex_);
        if (tickets_.erase(connection.fileno()) == 0) return true;  // in a child, which counts for itself only
        auto ticket = context.admission.admit(client_address);
        if (!ticket) {
            ++context.tally.refused_later;
            return false;
        }
        tickets_.emplace(connection.fileno(), std::move(*ticket));
        return true;
    }

    void close_request(socketserver::Request& request) override {
        Tickets::node_type given_back;
        if (std::lock_guard lock(tickets_mutex_); !tickets_.empty())
            given_back = tickets_.extract(request.socket.fileno());
        Base::close_request(request);
    }

    void handle_error(socketserver::Request&, const Address& client_address) override {
        ++context.tally.failed;
        try {
            throw;
        } catch (const std::exception& error) {
            say(client_address.to_string() + ": " + error.what());
        }
    }

private:
    using Tickets = std::map<int, Admission::Ticket>;  // by descriptor

    std::mutex tickets_mutex_;
    Tickets tickets_;
};

template <class Stream, class Datagram, class... More>
std::unique_ptr<BaseServer> make(Socket socket, ServeContext& context, const More&... more) {
    if (socket.kind() == Kind::datagram)
        return std::make_unique<ToolServer<Datagram>>(std::move(socket), context, more...);
    return std::make_unique<ToolServer<Stream>>(std::move(socket), context, more...);
}

/// How many connections there may be, the tool counts for all endpoints together, but for processes.
socketserver::PoolOptions pool_options(const ServeContext& context) {
    const auto& options = context.options;
    auto limits = socketserver::ConnectionLimits::none();
    limits.idle = context.idle;
    limits.lifetime = options.lifetime;
    return {.threads = options.threads.value_or(256),
            .queue = options.queue.value_or(1024),
            .when_full = options.when_full.value_or(socketserver::WhenFull::wait),
            .limits = limits};
}

socketserver::PreforkOptions prefork_options(const ServeContext& context) {
    const auto& options = context.options;
    auto limits = options.limits ? socketserver::ConnectionLimits() : socketserver::ConnectionLimits::none();
    if (options.max_conn) limits.max_connections = options.max_conn;
    limits.idle = context.idle;
    limits.lifetime = options.lifetime;
    return {.workers = options.workers.value_or(0),
            .max_requests = options.max_requests.value_or(0),
            .when_full = options.when_full.value_or(socketserver::WhenFull::wait),
            .queue = options.queue.value_or(128),
            .limits = limits};
}

std::unique_ptr<BaseServer> make(Style style, Socket socket, ServeContext& context) {
    using namespace socketserver;
    if (style == Style::thread)
        return make<ThreadingTCPServer<StreamHandler>, ThreadingUDPServer<DatagramHandler>>(std::move(socket), context);
    if (style == Style::fork)
        return make<ForkingTCPServer<StreamHandler>, ForkingUDPServer<DatagramHandler>>(std::move(socket), context);
    if (style == Style::pool)
        return make<PoolTCPServer<StreamHandler>, PoolUDPServer<DatagramHandler>>(std::move(socket), context,
                                                                                  pool_options(context));
    if (style == Style::prefork)
        return make<PreforkTCPServer<StreamHandler>, PreforkUDPServer<DatagramHandler>>(std::move(socket), context,
                                                                                        prefork_options(context));
    return make<TCPServer<StreamHandler>, UDPServer<DatagramHandler>>(std::move(socket), context);
}

/// A server for each socket, each with a thread of its own.
class BlockingServer final : public StyleServer {
public:
    BlockingServer(Style style, std::vector<ServerSocket>& sockets, ServeContext& context)
        : context_(context), wakeup_(socket::socketpair()) {
        for (auto& socket : sockets) places_.emplace_back().server = make(style, std::move(socket.socket), context);
    }

    ServeEnd run(StopSignals& signals, Duration drain) override {
        for (auto& place : places_) place.serving = std::jthread([this, &place] { serve(*place.server); });
        wait(signals, std::nullopt);
        ServeEnd end{.signal = signals.take().value_or(0)};
        context_.before_drain();
        for (auto& place : places_)
            place.stopping = std::jthread([this, &place, drain] { stop(*place.server, drain); });
        while (ended_ < places_.size()) {
            wait(signals, std::nullopt);
            if (!signals.take()) continue;
            ExitOnSignal third(signals);
            for (auto& place : places_) place.server->stop(Duration::zero());
            return end;
        }
        context_.tally.refused = refused_.load();
        end.drained = !failed_;
        return end;
    }

private:
    struct Place {
        std::unique_ptr<BaseServer> server;
        std::jthread serving;
        std::jthread stopping;
    };

    void serve(BaseServer& server) {
        try {
            server.serve_forever();
        } catch (const std::exception& error) {
            failed_ = true;
            complain(error);
            (void)wakeup_.second.try_send("!");
        }
    }

    void stop(BaseServer& server, Duration drain) {
        try {
            auto tally = server.stop(drain);
            if (tally.aborted > 0) failed_ = true;
            refused_ += tally.refused;  // also for want of a place in a queue, or of a worker
            context_.tally.failed += dynamic_cast<const HasContext&>(server).ended_with_worker();
        } catch (const std::exception& error) {
            failed_ = true;
            complain(error);
        }
        ++ended_;
        (void)wakeup_.second.try_send("!");
    }

    /// Until a signal has come, or a server has ended, or the limit has passed.
    void wait(StopSignals& signals, Timeout limit) {
        auto ready = select::select({signals, wakeup_.first}, {}, {}, limit);
        if (std::ranges::count(ready.readable, wakeup_.first.fileno())) (void)wakeup_.first.try_recv(1);
    }

    ServeContext& context_;
    socket::SocketPair wakeup_;  // a server's thread writes to the second when it ends
    std::atomic<std::size_t> ended_ = 0;
    std::atomic<std::uint64_t> refused_ = 0;
    std::atomic<bool> failed_ = false;  // also: somebody was not served to the end
    std::list<Place> places_;
};

}  // namespace

std::unique_ptr<StyleServer> make_blocking_server(Style style, std::vector<ServerSocket>& sockets,
                                                  ServeContext& context) {
    return std::make_unique<BlockingServer>(style, sockets, context);
}

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#include "listen.h"
#include "serve_styles.h"
#include "talk.h"

#include <bight/select.h>
#include <bight/socketserver.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <list>
#include <thread>
#include <utility>

namespace bight::tool {
namespace {

using socketserver::BaseServer;

/// Where a handler, which is made without arguments, finds what it needs: its server is one of these too.
struct HasContext {
    explicit HasContext(ServeContext& serve_context) : context(serve_context) {}
    virtual ~HasContext() = default;

    ServeContext& context;
};

ServeContext& context_of(BaseServer* server) { return dynamic_cast<HasContext&>(*server).context; }

/// One connection, from its first byte to its end.
class StreamHandler : public socketserver::BaseRequestHandler {
public:
    void handle() override {
        auto& context = context_of(server);
        auto ticket = context.admission.admit(client_address);
        if (!ticket) {
            ++context.tally.refused;
            return;
        }
        ++context.tally.connections;
        if (context.idle) request.settimeout(context.idle);
        if (!converse(context)) ++context.tally.failed;
    }

private:
    /// False if it ended otherwise than by the client's end of stream.
    bool converse(ServeContext& context) {
        Conversation conversation(context.service);
        auto memory = Buffer::with_capacity(Conversation::most_input(context.service, context.buffer));
        while (true) {
            auto data = request.try_recv_into(memory.room());
            if (!data) return false;
            context.tally.received += data->size();
            auto answer = data->empty() ? conversation.answer_end() : conversation.answer(*data);
            if (!answer.empty() && !request.try_sendall(answer)) return false;
            context.tally.sent += answer.size();
            if (data->empty()) return true;
        }
    }
};

class DatagramHandler : public socketserver::BaseRequestHandler {
public:
    void handle() override {
        auto& [service, idle, buffer, admission, tally, max_children] = context_of(server);
        ++tally.datagrams;
        tally.received += packet.size();
        if (service == Service::discard) return;
        Conversation conversation(service);
        // A client that does not take its answers must not hold up the others.
        auto sent = request.try_sendto(conversation.answer_datagram(packet.bytes()), client_address, MSG_DONTWAIT);
        if (sent) {
            tally.sent += *sent;
        } else {
            ++tally.dropped;
        }
    }
};

constexpr int backlog = 1024;

/// One of the library's servers, with what the tool adds.
template <class Base>
class ToolServer final : public Base, public HasContext {
public:
    template <class... More>
    ToolServer(const HostPort& where, const socketserver::ServerOptions& options, ServeContext& serve_context,
               const More&... more)
        : Base(where, options, more...), HasContext(serve_context) {
        if constexpr (requires { this->max_children; }) this->max_children = serve_context.max_children;
    }

    ~ToolServer() override {
        try {
            this->server_close();
        } catch (const std::exception& error) {
            complain(error);
        }
    }

    void handle_error(socketserver::Request&, const Address& client_address) override {
        ++context.tally.failed;
        try {
            throw;
        } catch (const std::exception& error) {
            say(client_address.to_string() + ": " + error.what());
        }
    }
};

template <class Stream, class Datagram, class... More>
std::unique_ptr<BaseServer> make(const Endpoint& endpoint, ServeContext& context, const More&... more) {
    socketserver::ServerOptions options{.request_queue_size = backlog,
                                        .allow_reuse_address = !is_unix(endpoint) && !is_datagram(endpoint),
                                        .max_packet_size = 65535};
    std::optional<UnixBinding> binding;
    if (is_unix(endpoint)) binding.emplace(endpoint);
    if (is_datagram(endpoint))
        return std::make_unique<ToolServer<Datagram>>(endpoint.where(), options, context, more...);
    auto server = std::make_unique<ToolServer<Stream>>(endpoint.where(), options, context, more...);
    if (!is_unix(endpoint)) server->socket().setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);  // inherited by connections
    return server;
}

std::unique_ptr<BaseServer> make(Style style, const Endpoint& endpoint, ServeContext& context) {
    using namespace socketserver;
    if (style == Style::thread)
        return make<ThreadingTCPServer<StreamHandler>, ThreadingUDPServer<DatagramHandler>>(endpoint, context);
    if (style == Style::fork)
        return make<ForkingTCPServer<StreamHandler>, ForkingUDPServer<DatagramHandler>>(endpoint, context);
    // The tool's own limits hold for a pool, as for all styles.
    const PoolOptions pool{.threads = 256, .queue = backlog, .limits = socketserver::ConnectionLimits::none()};
    if (style == Style::pool)
        return make<PoolTCPServer<StreamHandler>, PoolUDPServer<DatagramHandler>>(endpoint, context, pool);
    return make<TCPServer<StreamHandler>, UDPServer<DatagramHandler>>(endpoint, context);
}

/// A server for each endpoint, each with a thread of its own.
class BlockingServer final : public StyleServer {
public:
    BlockingServer(Style style, const std::vector<Endpoint>& endpoints, ServeContext& context)
        : wakeup_(socket::socketpair()) {
        for (auto& endpoint : endpoints) {
            auto& place = places_.emplace_back();
            place.server = make(style, endpoint, context);
            bound(endpoint.scheme, place.server->server_address());
        }
    }

    ServeEnd run(StopSignals& signals, Duration drain) override {
        for (auto& place : places_) place.serving = std::jthread([this, &place] { serve(*place.server); });
        wait(signals, std::nullopt);
        ServeEnd end{.signal = signals.take().value_or(0)};
        for (auto& place : places_)
            place.stopping = std::jthread([this, &place, drain] { stop(*place.server, drain); });
        while (ended_ < places_.size()) {
            wait(signals, std::nullopt);
            if (!signals.take()) continue;
            for (auto& place : places_) place.server->stop(Duration::zero());
            return end;
        }
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
            if (server.stop(drain).aborted > 0) failed_ = true;
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

    socket::SocketPair wakeup_;  // a server's thread writes to the second when it ends
    std::atomic<std::size_t> ended_ = 0;
    std::atomic<bool> failed_ = false;  // also: somebody was not served to the end
    std::list<Place> places_;
};

}  // namespace

std::unique_ptr<StyleServer> make_blocking_server(Style style, const std::vector<Endpoint>& endpoints,
                                                  ServeContext& context) {
    return std::make_unique<BlockingServer>(style, endpoints, context);
}

}  // namespace bight::tool

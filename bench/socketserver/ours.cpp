// SPDX-License-Identifier: BSL-1.0
#include "socketserver/servers.h"

#include <bight/selectors.h>
#include <bight/socketserver.h>

#include <array>
#include <memory>
#include <utility>

namespace bench {
namespace {

namespace socketserver = bight::socketserver;

struct Echo : socketserver::BaseRequestHandler {
    void handle() override {
        while (auto data = request.recv(server_read_size)) request.sendall(data);
    }
};

const bight::HostPort any_port{"127.0.0.1", 0};
const socketserver::ServerOptions options{.request_queue_size = server_backlog};

template <class One>
Server served(One& server, Cost cost = Cost::process) {
    return std::make_unique<ServerChild>(bound_to(server.fileno()), cost, nullptr, [&] { server.serve_forever(); });
}

socketserver::ConnectionLimits those(Limits limits) {
    return limits == Limits::none ? socketserver::ConnectionLimits::none() : socketserver::ConnectionLimits{};
}

struct AccountedServer : socketserver::ForkingTCPServer<Echo> {
    using ForkingTCPServer::ForkingTCPServer;
    void service_actions() override {
        ForkingTCPServer::service_actions();
        account->write();
    }
    std::shared_ptr<Account> account = std::make_shared<Account>();
};

[[noreturn]] void serve_by_selector(bight::Socket listener) {
    listener.setblocking(false);
    bight::Selector<bight::Socket> selector;
    int listening = listener.fileno();
    selector.add(listening, bight::Ready::read, std::move(listener));
    std::array<std::byte, server_read_size> memory;
    while (true) {
        for (auto& [key, ready] : selector.select()) {
            if (key->fd() == listening) {
                auto accepted = key->data.try_accept(bight::Duration::zero());
                if (!accepted) continue;
                int fd = accepted->socket.fileno();
                selector.add(fd, bight::Ready::read, std::move(accepted->socket));
            } else if (auto data = key->data.recv_into(memory); !data.empty()) {
                key->data.sendall(data);
            } else {
                key->data.close();
                selector.remove_closed(*key);
            }
        }
    }
}

}  // namespace

Server threading_server() {
    socketserver::ThreadingTCPServer<Echo> server(any_port, options);
    return served(server);
}

Server forking_server() {
    AccountedServer server(any_port, options);
    return std::make_unique<ServerChild>(bound_to(server.fileno()), Cost::children, server.account,
                                         [&] { server.serve_forever(); });
}

Server pool_server(std::size_t threads, Limits limits) {
    socketserver::PoolTCPServer<Echo> server(any_port, options, {.threads = threads, .limits = those(limits)});
    return served(server);
}

Server prefork_server(std::size_t workers, Limits limits) {
    socketserver::PreforkTCPServer<Echo> server(any_port, options, {.workers = workers, .limits = those(limits)});
    return served(server, Cost::workers);
}

Server selector_server() {
    auto listener = bight::Socket::adopt(listen_on_loopback(server_backlog));
    return std::make_unique<ServerChild>(bound_to(listener.fileno()), [&] { serve_by_selector(std::move(listener)); });
}

}  // namespace bench

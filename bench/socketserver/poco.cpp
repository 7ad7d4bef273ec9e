// SPDX-License-Identifier: BSL-1.0
#include "socketserver/servers.h"

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/TCPServer.h>
#include <Poco/Net/TCPServerConnectionFactory.h>
#include <Poco/ThreadPool.h>

#include <array>
#include <memory>

#include <unistd.h>

namespace bench {
namespace {

class Echo : public Poco::Net::TCPServerConnection {
public:
    using TCPServerConnection::TCPServerConnection;

    void run() override {
        std::array<char, server_read_size> memory;
        int got;
        while ((got = socket().receiveBytes(memory.data(), static_cast<int>(memory.size()))) > 0)
            for (int sent = 0; sent < got;) sent += socket().sendBytes(memory.data() + sent, got - sent);
    }
};

[[noreturn]] void serve(const Poco::Net::ServerSocket& listener, int threads) {
    Poco::ThreadPool pool(2, threads);
    Poco::Net::TCPServerParams::Ptr parameters(new Poco::Net::TCPServerParams);
    parameters->setMaxThreads(threads);
    parameters->setMaxQueued(server_backlog);
    Poco::Net::TCPServer server(new Poco::Net::TCPServerConnectionFactoryImpl<Echo>, pool, listener, parameters);
    server.start();
    while (true) ::pause();
}

}  // namespace

bool have_poco() { return true; }

Server poco_server(int threads) {
    Poco::Net::ServerSocket listener(Poco::Net::SocketAddress("127.0.0.1", 0), server_backlog);
    return std::make_unique<ServerChild>(bound_to(listener.impl()->sockfd()), [&] { serve(listener, threads); });
}

}  // namespace bench

// SPDX-License-Identifier: BSL-1.0
// What a program writes that knows bight's README and nothing of its inside.
#include <bight/asyncio.h>
#include <bight/options.h>
#include <bight/socket.h>

#include "servers/servers.h"

#include <utility>

namespace bench {
namespace {

using bight::Stream;
using bight::Task;
namespace asyncio = bight::asyncio;

Task<> echo(Stream client) {
    while (auto data = co_await client.read()) co_await client.write(data);
}

Task<> discard(Stream client) {
    while (auto data = co_await client.read()) {}
}

Task<> echo_by_pump(Stream client) { co_await asyncio::pump(client, client); }

Task<> serve_streams(Service service, int fd) {
    auto serve = service == Service::echo ? &echo : service == Service::pump ? &echo_by_pump : &discard;
    auto server = asyncio::start_server(bight::Socket::adopt(fd), serve);
    co_await server.serve_forever();
}

Task<> serve_datagrams(int fd) {
    auto port = asyncio::open_datagrams(bight::Socket::adopt(fd));
    while (true) {
        auto packet = co_await port.recvfrom();
        co_await port.sendto(packet.data, packet.peer);
    }
}

Task<> serve_trains(int fd) {
    auto socket = bight::Socket::adopt(fd);
    socket.set(bight::options::udp_gro, true);
    auto port = asyncio::open_datagrams(std::move(socket));
    while (true) {
        auto train = co_await port.recv_train();
        co_await port.send_train(train.data, train.size, train.peer);
    }
}

Task<> serve_by(Service service, int fd) {
    switch (service) {
        case Service::datagrams: return serve_datagrams(fd);
        case Service::trains: return serve_trains(fd);
        default: return serve_streams(service, fd);
    }
}

void serve(Service service, int fd, asyncio::EngineChoice engine) {
    asyncio::run(serve_by(service, fd), {.engine = engine});
}

}  // namespace

void serve_bight_uring(Service service, int fd) { serve(service, fd, asyncio::EngineChoice::uring); }
void serve_bight_epoll(Service service, int fd) { serve(service, fd, asyncio::EngineChoice::epoll); }

}  // namespace bench

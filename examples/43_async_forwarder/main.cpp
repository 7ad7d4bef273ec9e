// SPDX-License-Identifier: BSL-1.0
// A forwarder: whoever connects is connected with somebody else, and what either says goes to the other, each direction
// with an end of its own.

#include <bight/bight.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <utility>

using namespace bight;

Task<> echo(Stream client) {
    while (auto data = co_await client.read()) co_await client.write(data);
}

Task<> forward(Stream client, Address target, std::uint64_t* pumped) {
    Stream server = co_await asyncio::open_connection(target);
    asyncio::TaskGroup group;
    auto there = group.create_task(asyncio::pump(client, server));
    auto back = group.create_task(asyncio::pump(server, client));
    co_await group.join();
    *pumped += there.result() + back.result();
}

Task<> play() {
    auto server = asyncio::start_server({"127.0.0.1", 0}, echo);
    std::uint64_t pumped = 0;
    auto through = [target = server.addresses().front(), &pumped](Stream client) {
        return forward(std::move(client), target, &pumped);
    };
    auto forwarder = asyncio::start_server({"127.0.0.1", 0}, through);
    auto stream = co_await asyncio::open_connection(forwarder.addresses().front());
    std::string much(1'000'000, 'm');
    co_await stream.write("is anybody there?\n");
    auto line = co_await stream.readline();
    std::cout << line.view();
    asyncio::TaskGroup group;
    auto rest = group.create_task(stream.read_all(much.size()));
    co_await stream.write(much);
    stream.write_eof();
    co_await group.join();
    std::cout << rest.result().size() << " bytes more\n";
    co_await stream.close();
    co_await forwarder.stop(std::chrono::seconds(10));
    std::cout << pumped << " bytes pumped\n";
}

int main() { asyncio::run(play()); }

// SPDX-License-Identifier: BSL-1.0
// A server and its clients as coroutines, in one thread: each reads as if it were alone. Nobody waits for anybody else,
// and the group does not end before its last task.

#include <bight/bight.h>

#include <iostream>
#include <string>

using namespace bight;

Task<> echo(Stream client) {
    while (auto data = co_await client.read()) co_await client.write(data);
}

Task<std::string> ask(Address server, std::string question) {
    auto stream = co_await asyncio::open_connection(server);
    co_await stream.write(question);
    stream.write_eof();
    auto answer = co_await stream.read_all(1024);
    co_return answer.to_string();
}

Task<> play() {
    auto server = asyncio::start_server({"127.0.0.1", 0}, echo);
    Address where = server.addresses().front();
    asyncio::TaskGroup group;
    auto one = group.spawn(ask, where, "who is there?");
    auto two = group.spawn(ask, where, "how late is it?");
    co_await group.join();
    std::cout << one.result() << '\n' << two.result() << '\n';
    try {
        co_await asyncio::wait_for(asyncio::sleep(std::chrono::hours(1)), std::chrono::milliseconds(10));
    } catch (const TimeoutError&) {
        std::cout << "too late\n";
    }
}

int main() { asyncio::run(play()); }

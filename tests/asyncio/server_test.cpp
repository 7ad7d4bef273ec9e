// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/server.h>

#include "asyncio/common_tasks.h"
#include "asyncio/engines.h"
#include "support/descriptors.h"

#include <stdexcept>
#include <string>
#include <vector>

namespace bight::asyncio {
namespace {

struct ServerTest : OnEveryEngine {};

Task<std::string> ask(Address where, std::string question) {
    Stream stream = co_await open_connection(where);
    co_await stream.write(question);
    stream.write_eof();
    auto answer = co_await stream.read_all(1 << 20);
    co_await stream.close();
    co_return answer.to_string();
}

TEST_P(ServerTest, serves_many_at_once) {
    auto all = []() -> Task<> {
        auto server = start_server(any_port, echo);
        TaskGroup group;
        std::vector<TaskHandle<std::string>> answers;
        for (int i = 0; i < 200; ++i)
            answers.push_back(group.spawn(ask, server.addresses().front(), std::to_string(i)));
        co_await group.join();
        for (int i = 0; i < 200; ++i) EXPECT_EQ(answers[static_cast<std::size_t>(i)].result(), std::to_string(i));
        ServeTally tally = co_await server.stop(1s);
        EXPECT_EQ(tally.accepted, 200u);
        EXPECT_EQ(tally.served + tally.drained, 200u);
    };
    run(all());
}

TEST_P(ServerTest, stop_lets_handlers_end_and_aborts_the_rest_at_the_deadline) {
    auto all = []() -> Task<> {
        auto server = start_server(any_port, echo);
        Address where = server.addresses().front();
        Stream ends = co_await open_connection(where);
        Stream stays = co_await open_connection(where);
        co_await ends.write("x");
        co_await ends.readexactly(1);
        auto end_soon = [](Stream* stream) -> Task<> {
            co_await sleep(5ms);
            stream->write_eof();
        };
        TaskGroup group;
        (void)group.spawn(end_soon, &ends);
        ServeTally tally = co_await server.stop(1s);
        EXPECT_EQ(tally.accepted, 2u);
        EXPECT_EQ(tally.drained, 1u);
        EXPECT_EQ(tally.aborted, 1u);
        EXPECT_FALSE(server.is_serving());
        auto end = co_await stays.try_read();
        EXPECT_TRUE(!end || end->empty());
        co_await group.join();
    };
    run(all());
}

TEST_P(ServerTest, connections_that_wait_in_the_kernel_at_the_stop_are_served) {
    auto all = []() -> Task<> {
        auto server = start_server(any_port, echo);
        std::vector<Stream> clients;
        for (int i = 0; i < 50; ++i) clients.push_back(co_await open_connection(server.addresses().front()));
        for (auto& client : clients) {
            co_await client.write("last words");
            client.write_eof();
        }
        ServeTally tally = co_await server.stop(10s);
        EXPECT_EQ(tally.accepted, 50u);
        EXPECT_EQ(tally.aborted, 0u);
        for (auto& client : clients) {
            auto answer = co_await client.read_all(100);
            EXPECT_EQ(answer.view(), "last words");
        }
    };
    run(all());
}

TEST_P(ServerTest, an_error_of_a_handler_ends_its_connection_and_is_told) {
    auto all = []() -> Task<> {
        std::vector<std::string> told;
        get_running_loop().set_exception_handler(
            [](void* context, std::exception_ptr error, std::string_view) {
                try {
                    std::rethrow_exception(error);
                } catch (const std::exception& what) {
                    static_cast<std::vector<std::string>*>(context)->push_back(what.what());
                }
            },
            &told);
        auto fail = [](Stream client) -> Task<> {
            auto data = co_await client.read();
            if (data.view() == "bad") throw std::runtime_error("a handler's own");
            co_await client.write(data);
        };
        auto server = start_server(any_port, fail);
        std::string bad = co_await ask(server.addresses().front(), "bad");
        EXPECT_EQ(bad, "");
        std::string good = co_await ask(server.addresses().front(), "good");
        EXPECT_EQ(good, "good");
        EXPECT_EQ(told, (std::vector<std::string>{"a handler's own"}));
        get_running_loop().set_exception_handler(nullptr);
    };
    run(all());
}

TEST_P(ServerTest, past_max_connections_they_are_refused_and_counted) {
    auto all = []() -> Task<> {
        auto server = start_server(any_port, echo, {.max_connections = 2});
        Address where = server.addresses().front();
        Stream one = co_await open_connection(where);
        Stream two = co_await open_connection(where);
        co_await one.write("1");
        co_await one.readexactly(1);
        co_await two.write("2");
        co_await two.readexactly(1);
        Stream three = co_await open_connection(where);
        auto end = co_await three.try_read();
        EXPECT_TRUE(!end || end->empty());
        EXPECT_EQ(server.tally().refused, 1u);
        EXPECT_EQ(server.connections(), 2u);
    };
    run(all());
}

TEST_P(ServerTest, handlers_outlive_their_server_with_what_they_captured) {
    std::string seen;
    auto all = [&seen]() -> Task<> {
        std::string captured = "longer than what stands in the object itself";
        auto handler = [captured, &seen](Stream client) -> Task<> {
            try {
                co_await client.write("begun");
                co_await client.read();
            } catch (const Cancelled&) {
                seen = captured;
                throw;
            }
            seen = captured;  // the client's end has come before
        };
        auto server = start_server(any_port, handler);
        Stream client = co_await open_connection(server.addresses().front());
        co_await client.readexactly(5);
    };
    run(all());
    EXPECT_EQ(seen, "longer than what stands in the object itself");
}

TEST_P(ServerTest, it_may_be_closed_before_it_accepts) {
    auto all = []() -> Task<> {
        auto server = start_server(any_port, echo);
        server.close();
        co_await server.wait_closed();
        EXPECT_FALSE(server.is_serving());
    };
    run(all());
}

TEST_P(ServerTest, a_server_that_goes_leaves_no_descriptor) {
    auto all = []() -> Task<> {
        auto server = start_server(any_port, echo);
        std::vector<Stream> clients;
        for (int i = 0; i < 20; ++i) clients.push_back(co_await open_connection(server.addresses().front()));
        co_await sleep(1ms);
    };
    auto before = testing::open_descriptors();
    run(all());
    EXPECT_EQ(testing::open_descriptors(), before);
}

TEST_P(ServerTest, stop_ends_although_clients_never_cease_to_come) {
    auto come = [](Address where) -> Task<> {
        while (true) {
            try {
                (void)co_await open_connection(where);
            } catch (const OSError&) {
                co_return;
            }
        }
    };
    auto all = [&]() -> Task<> {
        auto server = start_server(any_port, echo);
        TaskGroup group;
        for (int i = 0; i < 4; ++i) (void)group.create_task(come(server.addresses().front()));
        co_await sleep(5ms);
        co_await server.stop(100ms);
        EXPECT_FALSE(server.is_serving());
        co_await group.join();
    };
    run(all());
}

TEST_P(ServerTest, a_handler_that_raises_before_its_first_wait_ends_no_accepting) {
    auto all = []() -> Task<> {
        get_running_loop().set_exception_handler([](void*, std::exception_ptr, std::string_view) {});
        int calls = 0;
        auto choosy = [&calls](Stream client) -> Task<> {
            if (++calls == 1) throw ValueError("not you");
            return echo(std::move(client));
        };
        auto server = start_server(any_port, choosy);
        Stream first = co_await open_connection(server.addresses().front());
        auto end = co_await first.try_read();
        EXPECT_TRUE(!end || end->empty());
        std::string answer = co_await ask(server.addresses().front(), "second");
        EXPECT_EQ(answer, "second");
        ServeTally tally = co_await server.stop(1s);
        EXPECT_EQ(tally.accepted, 2u);
        EXPECT_EQ(tally.refused, 1u);
        get_running_loop().set_exception_handler(nullptr);
    };
    run(all());
}

BIGHT_ON_EVERY_ENGINE(ServerTest);

}  // namespace
}  // namespace bight::asyncio

// SPDX-License-Identifier: BSL-1.0
// Scenarios of streams: T-DST.
#include "simulation/scenarios.h"

#include <vector>

namespace bight::testing {
namespace {

using asyncio::open_connection;
using asyncio::sleep;
using asyncio::TaskGroup;
using asyncio::TaskHandle;

Task<> connect_and_compare(std::string to, std::string data) {
    Stream stream = co_await open_connection({to, 7}, {.timeout = {}});
    TaskGroup group;
    group.spawn(write_all, &stream, data, true);
    auto answer = co_await stream.read_all(data.size() + 1);
    co_await group.join();
    require(answer.view() == data, "an echo is what was sent");
    co_await stream.close();
}

// ---- Everybody talks to everybody. -------------------------------------------------------------------------------------

void echo_mesh(Simulation& sim) {
    sim.link_all(some_link(sim));
    std::size_t hosts = 2 + sim.random(3);
    for (std::size_t i = 0; i < hosts; ++i) sim.host("h" + std::to_string(i)).run(serve_echo, HostPort("", 7));
    auto talk = [&]() -> Task<> {
        co_await sleep(1ms);
        std::vector<TaskHandle<void>> clients;
        for (std::size_t i = 0; i < hosts; ++i)
            for (std::size_t j = 0; j < hosts; ++j)
                clients.push_back(sim.host("h" + std::to_string(i))
                                      .run(connect_and_compare, "h" + std::to_string(j),
                                           numbered(i * hosts + j, sim.random(40'000))));
        for (auto& client : clients) co_await client;
    };
    sim.run(talk());
    require(sim.totals().bytes_lost == 0, "nothing is lost where nothing breaks");
}

TEST(Streams, echo_mesh) { run_seeds("Streams.echo_mesh", 2500, echo_mesh); }

// ---- Clients that are cancelled anywhere. ------------------------------------------------------------------------------

Task<> line_client(std::uint64_t number, std::uint64_t* whole) {
    Stream stream = co_await open_connection({"server", 7}, {.timeout = {}});
    for (int i = 0; i < 3; ++i) {
        std::string line = std::to_string(number) + '.' + std::to_string(i) + '\n';
        co_await stream.write(line);
        auto answer = co_await asyncio::wait_for(stream.readline(), 30s);
        require(answer.view() == line, "an answer is one's own");
    }
    co_await stream.close();
    ++*whole;
}

void cancelled_clients(Simulation& sim) {
    sim.link_all(some_link(sim));
    sim.name("server", {"192.0.2.1"});
    std::uint64_t whole = 0, cancelled = 0;
    constexpr std::uint64_t count = 200;
    auto talk = [&]() -> Task<> {
        auto server = asyncio::start_server({"", 7}, echo, {.backlog = 64, .max_per_peer = count});
        std::vector<TaskHandle<void>> clients;
        for (std::uint64_t i = 0; i < count; ++i)
            clients.push_back(sim.host("c" + std::to_string(i % 4)).run(line_client, i, &whole));
        for (auto& client : clients) {
            if (sim.random(2) == 0) continue;
            co_await sleep(some_time(sim, 1ms));
            if (!client.done()) ++cancelled;
            client.cancel();
        }
        for (auto& client : clients) {
            try {
                co_await client;
            } catch (const asyncio::Cancelled&) {}
        }
        auto tally = co_await server.stop(60s);
        require(tally.accepted == tally.served + tally.drained + tally.aborted + tally.refused,
                "accepted = the others");
        require(tally.aborted == 0, "handlers of clients that are gone end");
    };
    sim.run(talk());
    require(whole + cancelled >= count, "who was not cancelled was served");
}

TEST(Streams, cancelled_clients) { run_seeds("Streams.cancelled_clients", 700, cancelled_clients); }

// ---- A server that stops while it is busy. -----------------------------------------------------------------------------

struct Drain {
    std::uint64_t answered = 0;
    std::uint64_t failed = 0;
    std::uint64_t handled = 0;
    bool stopping = false;
};

Task<> asks_once(std::uint64_t number, Drain* counts, Duration after) {
    co_await sleep(after);
    bool was_before = false;
    try {
        Stream stream = co_await open_connection({"server", 7});
        was_before = !counts->stopping;
        std::string line = std::to_string(number) + '\n';
        co_await stream.write(line);
        auto answer = co_await stream.readline();
        if (!answer) throw ConnectionError(104, "no answer");
        require(answer.view() == line, "an answer is one's own");
        co_await stream.close();
    } catch (const OSError&) {
        require(!was_before, "who was connected before the stop is served");
        ++counts->failed;
        co_return;
    }
    ++counts->answered;
}

Task<> drained_server(Simulation* sim, Drain* counts, Duration open_for) {
    auto slow = [&](Stream client) -> Task<> {
        auto line = co_await client.readline();
        co_await sleep(some_time(*sim, 50ms));
        co_await client.write(line);
        ++counts->handled;
        co_await client.close();
    };
    auto server = asyncio::start_server({"", 7}, slow, {.max_per_peer = 1000});
    co_await sleep(open_for);
    counts->stopping = true;
    auto tally = co_await server.stop(10min);
    require(tally.accepted == tally.served + tally.drained, "all that were accepted are served to their end");
    require(counts->handled == tally.accepted, "a handler has run for each");
}

void drain_under_load(Simulation& sim) {
    Drain counts;
    Host& server = sim.host("server", {"10.0.0.1"});
    if (sim.random(2) == 0) sim.link(sim.main(), server, {.delay = some_time(sim, 5ms), .jitter = some_time(sim, 2ms)});
    constexpr std::uint64_t clients = 40;
    auto talk = [&]() -> Task<> {
        auto serving = server.run(drained_server, &sim, &counts, some_time(sim, 60ms));
        TaskGroup group;
        for (std::uint64_t i = 0; i < clients; ++i) group.spawn(asks_once, i, &counts, some_time(sim, 60ms));
        co_await group.join();
        co_await serving;
    };
    sim.run(talk());
    require(counts.answered + counts.failed == clients, "each has heard how it ended");
    require(counts.answered == counts.handled, "who was handled has the answer, and nobody else");
}

TEST(Streams, drain_under_load) { run_seeds("Streams.drain_under_load", 2500, drain_under_load); }

// ---- A server with limits. ---------------------------------------------------------------------------------------------

Task<> tries_once(std::uint64_t* served) {
    try {
        Stream stream = co_await open_connection({"192.0.2.1", 7});
        co_await stream.write("x");
        auto answer = co_await stream.readexactly(1);
        ++*served;
        co_await sleep(5ms);
        co_await stream.close();
    } catch (const OSError&) {
    } catch (const asyncio::IncompleteReadError&) {}
}

void limits(Simulation& sim) {
    sim.link_all(some_link(sim));
    std::uint64_t served = 0;
    auto talk = [&]() -> Task<> {
        auto server = asyncio::start_server({"", 7}, echo, {.max_connections = 1 + sim.random(6), .max_per_peer = 2});
        std::vector<TaskHandle<void>> clients;
        for (std::uint64_t i = 0; i < 12; ++i)
            clients.push_back(sim.host("c" + std::to_string(i % 3)).run(tries_once, &served));
        for (auto& client : clients) co_await client;
        auto tally = co_await server.stop(60s);
        require(tally.accepted == tally.served + tally.drained + tally.refused,
                "accepted = served, drained or refused");
        require(tally.served + tally.drained == served, "who was not refused was served");
    };
    sim.run(talk());
}

TEST(Streams, limits) { run_seeds("Streams.limits", 2000, limits); }

// ---- Ends, one after the other. ----------------------------------------------------------------------------------------

Task<> one_side(Stream* stream, std::string sends, std::string expects, bool ends_first) {
    if (ends_first) co_await write_all(stream, sends, true);
    std::string seen;
    while (auto data = co_await stream->read(1 + seen.size() % 5000)) seen += data.view();
    require(seen == expects, "all before the end, in order");
    require(stream->at_eof(), "the end was seen");
    auto again = co_await stream->read();
    require(!again, "an end stays the end");
    if (!ends_first) co_await write_all(stream, sends, true);
}

void half_closes(Simulation& sim) {
    sim.link_all(some_link(sim));
    std::string from_a = numbered(1, sim.random(30'000)), from_b = numbered(2, sim.random(30'000));
    bool a_first = sim.random(2) == 0, b_first = !a_first || sim.random(2) == 0;
    auto talk = [&]() -> Task<> {
        auto answer = [&](Stream client) -> Task<> {
            co_await one_side(&client, from_b, from_a, b_first);
            co_await client.close();
        };
        auto server = asyncio::start_server({"127.0.0.1", 7}, answer);
        Stream stream = co_await open_connection({"127.0.0.1", 7});
        co_await one_side(&stream, from_a, from_b, a_first);
        co_await stream.close();
        auto tally = co_await server.stop(60s);
        require(tally.aborted == 0, "both have ended");
    };
    sim.run(talk());
    require(sim.totals().bytes_lost == 0, "half-closing loses nothing");
}

TEST(Streams, half_closes) { run_seeds("Streams.half_closes", 4000, half_closes); }

// ---- What a slow reader cannot take must not pile up. ------------------------------------------------------------------

Task<> relay_to(std::string next, std::uint16_t port) {
    auto relay = [next, port](Stream from) -> Task<> {
        Stream to = co_await open_connection({next, port});
        while (auto data = co_await from.read(4096)) co_await to.write(data);
        co_await to.close();
        co_await from.close();
    };
    co_await asyncio::serve({"", port}, relay);
}

void back_pressure(Simulation& sim) {
    sim.link_all(some_link(sim));
    constexpr std::size_t hops = 3;
    std::string data = numbered(1, 20'000 + sim.random(200'000));
    auto talk = [&]() -> Task<> {
        std::string received;
        auto sink = [&](Stream from) -> Task<> {
            while (auto part = co_await from.read(1 + sim.random(8000))) {
                received += part.view();
                if (sim.random(4) == 0) co_await sleep(some_time(sim, 20ms));
            }
            co_await from.close();
        };
        auto server = asyncio::start_server({"", 9}, sink);
        for (std::size_t i = 0; i < hops; ++i)
            sim.host("r" + std::to_string(i))
                .run(relay_to, i + 1 < hops ? "r" + std::to_string(i + 1) : "main", std::uint16_t{9});
        co_await sleep(1ms);
        Stream stream = co_await open_connection({"r0", 9});
        co_await stream.write(data);
        co_await stream.close();
        while (received.size() < data.size()) co_await sleep(1s);
        require(received == data, "every byte, in order");
        (void)co_await server.stop(60s);
    };
    sim.run(talk());
    std::uint64_t bound = (hops + 1) * (8 << 10);
    require(sim.totals().most_bytes_held <= bound, "no more is held than the buffers of the way");
}

TEST(Streams, back_pressure) { run_seeds("Streams.back_pressure", 1500, back_pressure, {.stream_buffer = 8 << 10}); }

// ---- Connections that break, and are made anew. ------------------------------------------------------------------------

/// Answers each number with itself; remembers the greatest it has seen.
struct Ledger {
    std::uint64_t next = 0;
    std::uint64_t doubled = 0;
};

Task<> keep_ledger(Ledger* ledger) {
    auto handle = [ledger](Stream client) -> Task<> {
        while (auto line = co_await client.readline()) {
            if (line.view().back() != '\n') co_return;  // cut off
            std::uint64_t number = std::stoull(line.to_string());
            require(number <= ledger->next, "none was left out");
            number == ledger->next ? ++ledger->next : ++ledger->doubled;
            co_await client.write(line);
        }
    };
    co_await asyncio::serve({"", 7}, handle, {.drain = 0s});
}

Task<> send_numbers(std::uint64_t count) {
    std::uint64_t next = 0;
    while (next < count) {
        try {
            Stream stream = co_await open_connection({"server", 7}, {.timeout = 5s});
            while (next < count) {
                std::string line = std::to_string(next) + '\n';
                co_await stream.write(line);
                auto answer = co_await asyncio::wait_for(stream.readline(), 2s);
                if (!answer) break;
                require(answer.view() == line, "answers come in order");
                ++next;
            }
        } catch (const OSError&) {}
    }
}

Task<> break_things(Simulation* sim, Host* server, int times) {
    for (int i = 0; i < times; ++i) {
        co_await sleep(some_time(*sim, 200ms));
        switch (sim->random(3)) {
            case 0: (void)sim->reset_connections(sim->main(), *server); break;
            case 1: sim->stall(some_time(*sim, 3s)); break;
            default:
                sim->partition(sim->main(), *server);
                co_await sleep(some_time(*sim, 10s));
                sim->heal(sim->main(), *server);
        }
    }
}

void reconnects(Simulation& sim) {
    Host& server = sim.host("server");
    sim.link(sim.main(), server, some_link(sim));
    Ledger ledger;
    server.run(keep_ledger, &ledger);
    auto talk = [&]() -> Task<> {
        TaskGroup group;
        group.spawn(send_numbers, 30u);
        group.spawn(break_things, &sim, &server, static_cast<int>(sim.random(6)));
        co_await group.join();
    };
    sim.run(talk());
    require(ledger.next == 30, "each number has arrived");
}

TEST(Streams, reconnects) { run_seeds("Streams.reconnects", 3000, reconnects); }

}  // namespace
}  // namespace bight::testing

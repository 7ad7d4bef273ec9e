// SPDX-License-Identifier: BSL-1.0
// Scenarios of names, datagrams and time: T-DST.
#include "simulation/scenarios.h"

#include "asyncio/loop_state.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace bight::testing {
namespace {

using asyncio::open_connection;
using asyncio::sleep;
using asyncio::TaskGroup;

// ---- Names, and families that lead nowhere. ----------------------------------------------------------------------------

void racing_connects(Simulation& sim) {
    Host& server = sim.host("real", {"10.0.0.1", "fd00::1"});
    Host& hole = sim.host("hole", {"10.0.0.2", "fd00::2", "10.0.0.3", "fd00::3"});
    LinkOptions way{.delay = some_time(sim, 30ms), .jitter = some_time(sim, sim.random(2) * 10ms)};
    sim.link(sim.main(), server, way);
    sim.partition(sim.main(), hole);
    server.run(serve_echo, HostPort("", 7));
    Duration late = some_time(sim, 500ms);
    Duration pause = sim.random(3) * 125ms;
    switch (sim.random(5)) {
        case 0: sim.name("service", {"fd00::2", "10.0.0.1"}, late); break;
        case 3: sim.name("service", {"fd00::1", "10.0.0.1"}, late); break;  // two that win
        case 1: sim.name("service", {"10.0.0.2", "10.0.0.3", "fd00::1"}, late); break;
        case 2: sim.name("service", {"fd00::2", "fd00::3", "10.0.0.2", "10.0.0.1"}, late); break;
        default: sim.name("service", {"fd00::1", "10.0.0.2"}, late);
    }
    auto talk = [&]() -> Task<> {
        co_await sleep(1ms);
        auto before = sim.time();
        Stream stream = co_await open_connection({"service", 7}, {.happy_eyeballs_delay = pause});
        Duration took = sim.time() - before;
        require(took <= late + 3 * 250ms + 2 * (way.delay + way.jitter) + 50ms,
                "no more attempts than there are addresses");
        co_await stream.write("x");
        auto data = co_await stream.readexactly(1);
        require(data.view() == "x", "the winner is a connection");
        co_await stream.close();
    };
    sim.run(talk());
}

TEST(Others, racing_connects) { run_seeds("Others.racing_connects", 3000, racing_connects, {.turn = {}}); }

// ---- Datagrams, asked again until they are answered. -------------------------------------------------------------------

struct ReceiveFrom : asyncio::detail::ChannelWait {
    explicit ReceiveFrom(engine::Channel& from) noexcept : ChannelWait(from, engine::Verb::receive_from) { size = 100; }
    engine::ReceivedDatagram await_resume() {
        raise_if_cancelled();
        if (result < 0) raise_os_error(static_cast<int>(-result), "recvfrom");
        return channel->take_datagram();
    }
};

struct SendTo : asyncio::detail::ChannelWait {
    SendTo(engine::Channel& through, Bytes bytes, const Address* to) noexcept
        : ChannelWait(through, engine::Verb::send_to) {
        data = bytes.data();
        size = bytes.size();
        address = to;
    }
    void await_resume() const {
        raise_if_cancelled();
        if (result < 0) raise_os_error(static_cast<int>(-result), "sendto");
    }
};

engine::ChannelOwner open_port(Family family, const Address* local, const Address* remote) {
    auto opened = asyncio::detail::Loop::running().engine->open_datagrams(family, local, remote, {});
    if (!opened) raise_os_error(opened.error(), "datagrams");
    return std::move(*opened);
}

Task<std::string> receive_one(engine::Channel* port) {
    ReceiveFrom receive(*port);
    auto datagram = co_await receive;
    co_return datagram.data.to_string();
}

Task<> answer_datagrams(std::set<std::string>* seen) {
    Address here = Address::ip("0.0.0.0", 53);
    auto port = open_port(Family::inet, &here, nullptr);
    while (true) {
        ReceiveFrom receive(*port);
        auto question = co_await receive;
        require(question.truncated == (question.data.size() == 100), "what is cut off says so");
        seen->insert(question.data.to_string());
        SendTo answer(*port, question.data, &question.peer);
        co_await answer;
    }
}

Task<> ask_datagrams(Simulation* sim, std::uint64_t client, std::uint64_t count) {
    Address there = sim->host("server").address(53);
    auto port = open_port(Family::inet, nullptr, &there);
    for (std::uint64_t i = 0; i < count; ++i) {
        std::string question = std::to_string(client) + '/' + std::to_string(i);
        for (bool answered = false; !answered;) {
            SendTo send(*port, question, nullptr);
            try {
                co_await send;
                while (!answered) {  // what was doubled, or came late, answers an older question
                    std::string answer = co_await asyncio::wait_for(receive_one(port.get()), 200ms);
                    answered = answer == question;
                }
            } catch (const TimeoutError&) {
            } catch (const ConnectionRefusedError&) {}  // the server was not there yet
        }
    }
}

void datagrams(Simulation& sim) {
    Host& server = sim.host("server");
    LinkOptions way = some_link(sim);
    way.loss = 0.2;
    sim.link(sim.main(), server, way);
    std::set<std::string> seen;
    server.run(answer_datagrams, &seen);
    std::uint64_t clients = 1 + sim.random(4), questions = 1 + sim.random(8);
    auto talk = [&]() -> Task<> {
        TaskGroup group;
        for (std::uint64_t i = 0; i < clients; ++i) group.spawn(ask_datagrams, &sim, i, questions);
        co_await group.join();
    };
    sim.run(talk());
    require(seen.size() == clients * questions, "every question has arrived");
}

TEST(Others, datagrams) { run_seeds("Others.datagrams", 3000, datagrams); }

// ---- Trains. -----------------------------------------------------------------------------------------------------------

/// What a port for trains has got, and how many of them came with others.
struct Trains {
    std::multiset<std::string> datagrams;
    std::size_t together = 0;
};

std::string numbered_datagram(std::uint64_t client, std::uint64_t number, std::size_t size) {
    std::string text = std::to_string(client) + '/' + std::to_string(number) + '/';
    text.resize(std::max(text.size(), size), '.');
    return text;
}

void note_train(Trains* trains, const asyncio::Train& train) {
    std::string_view left = Bytes(train.data).view();
    std::size_t count = 0;
    require(!train.truncated, "a train is whole");
    for (; !left.empty(); left.remove_prefix(std::min(train.size, left.size())), ++count) {
        std::string_view one = left.substr(0, train.size);
        require(one.substr(0, one.find('/')) == left.substr(0, left.find('/')), "a train is of one peer");
        trains->datagrams.emplace(one);
    }
    require(count <= 64 && train.data.size() <= 65507, "a train has its bounds");
    if (count > 1) trains->together += count;
}

Task<> take_trains(Simulation* sim, Trains* trains) {
    Address here = Address::ip("0.0.0.0", 53);
    asyncio::Datagram port = asyncio::open_datagrams({.local_addr = &here, .trains = true});
    while (true) {
        if (sim->random(4) == 0) {
            auto packet = co_await port.recvfrom(1500);
            require(!packet.truncated, "none is longer");
            trains->datagrams.insert(packet.data.to_string());
            continue;
        }
        auto train = co_await port.recv_train();
        note_train(trains, train);
        if (sim->random(8) == 0) co_await sleep(some_time(*sim, 5ms));
    }
}

/// Sends some trains, and notes every datagram of them.
Task<> send_trains(Simulation* sim, std::uint64_t client, std::multiset<std::string>* sent) {
    Address there = sim->host("server").address(53);
    asyncio::Datagram port = asyncio::open_datagrams({.remote_addr = &there});
    std::uint64_t number = 0;
    for (std::uint64_t trains = 1 + sim->random(3); trains > 0; --trains) {
        std::size_t size = 16 + sim->random(1200);
        std::string all;
        for (std::uint64_t count = 1 + sim->random(100); count > 0; --count) {
            std::string one = numbered_datagram(client, number++, size);
            sent->insert(one);
            all += one;
        }
        if (sim->random(2) == 0) {
            std::string last = numbered_datagram(client, number++, 0);
            sent->insert(last);
            all += last;
        }
        co_await port.send_train(all, size);
        co_await sleep(some_time(*sim, 20ms));
    }
}

// How often datagrams came together, over all seeds.
std::size_t came_together = 0, came_alone = 0;

void trains(Simulation& sim) {
    Host& server = sim.host("server");
    LinkOptions way = some_link(sim);
    sim.link(sim.main(), server, way);
    Trains came;
    server.run(take_trains, &sim, &came);
    std::multiset<std::string> sent;
    std::uint64_t clients = 1 + sim.random(3);
    auto talk = [&]() -> Task<> {
        co_await sleep(1ms);
        TaskGroup group;
        for (std::uint64_t i = 0; i < clients; ++i) group.spawn(send_trains, &sim, i, &sent);
        co_await group.join();
        co_await sleep(10s);  // all that arrives has arrived
    };
    sim.run(talk());
    auto totals = sim.totals();
    require(totals.datagrams_sent == sent.size(), "as many are sent as there are in the trains");
    require(came.datagrams.size() == totals.datagrams_received, "as many are counted as came");
    require(totals.datagrams_sent + totals.datagrams_doubled == totals.datagrams_received + totals.datagrams_lost,
            "each one comes or is lost");
    for (const auto& one : came.datagrams) require(sent.contains(one), "each comes as it was sent");
    if (way.duplicate == 0)
        require(std::set(came.datagrams.begin(), came.datagrams.end()).size() == came.datagrams.size(),
                "none comes twice");
    if (way.loss == 0 && totals.datagrams_lost == 0)
        require(std::includes(came.datagrams.begin(), came.datagrams.end(), sent.begin(), sent.end()), "all come");
    came_together += came.together;
    came_alone += came.datagrams.size() - came.together;
}

TEST(Others, trains) {
    came_together = came_alone = 0;
    run_seeds("Others.trains", 1000, trains);
    if (came_together + came_alone < 5000) return;  // one seed says nothing of how often
    EXPECT_GT(came_together, came_alone / 2);
    EXPECT_GT(came_alone, 100u);
}

// ---- Timers. -----------------------------------------------------------------------------------------------------------

Task<> sleeper(Simulation* sim, Duration most) {
    for (int i = 0; i < 3; ++i) {
        Duration delay = some_time(*sim, most);
        auto before = sim->time();
        co_await sleep(delay);
        require(sim->time() - before >= delay, "no sleep ends early");
    }
}

Task<> limited(Simulation* sim) {
    Duration limit = some_time(*sim, 50ms), work = some_time(*sim, 50ms);
    auto before = sim->time();
    bool timed_out = false;
    try {
        auto wait = [](Duration how_long) -> Task<> { co_await sleep(how_long); };
        co_await asyncio::wait_for(wait(work), limit);
    } catch (const TimeoutError&) {
        timed_out = true;
    }
    Duration took = sim->time() - before;
    require(took >= (timed_out ? limit : work), "neither the work nor its limit ends early");
}

Task<> stalls(Simulation* sim) {
    for (int i = 0; i < 3; ++i) {
        co_await sleep(some_time(*sim, 30ms));
        sim->stall(some_time(*sim, 5s));
    }
}

// B068 to B070: wraps, jumps, and timers that are set anew from within.
void timers(Simulation& sim) {
    std::vector<std::pair<engine::TimePoint, std::uint64_t>> due;
    auto talk = [&]() -> Task<> {
        TaskGroup group;
        for (int i = 0; i < 5; ++i) group.spawn(sleeper, &sim, i % 2 ? Duration(100ms) : Duration(5s));
        for (int i = 0; i < 5; ++i) group.spawn(limited, &sim);
        if (sim.random(2) == 0) group.spawn(stalls, &sim);
        std::uint64_t fired = 0;
        for (std::uint64_t i = 0; i < 20; ++i) {
            auto when = sim.time() + some_time(sim, 300ms);
            auto note = [&due, &sim, &fired, when, i] {
                require(sim.time() >= when, "no callback is early");
                due.emplace_back(when, i);
                ++fired;
            };
            auto handle = asyncio::get_running_loop().call_at(when, note);
            if (sim.random(5) == 0) {
                handle.cancel();
                ++fired;
            }
        }
        co_await group.join();
        co_await sleep(6s);
        require(fired == 20, "each has run once, or was cancelled");
    };
    sim.run(talk());
    auto is_earlier = [](const auto& a, const auto& b) { return a.first < b.first; };
    require(std::is_sorted(due.begin(), due.end(), is_earlier), "callbacks run in the order of their times");
}

TEST(Others, timers) { run_seeds("Others.timers", 6000, timers, {.turn = {}}); }

// ---- Whole messages, whatever their limits in time. --------------------------------------------------------------------

void framing(Simulation& sim) {
    sim.link_all(some_link(sim));
    std::vector<std::string> messages;
    std::string all;
    for (int i = 0; i < 12; ++i) {
        messages.push_back(numbered(static_cast<std::uint64_t>(i), 1 + sim.random(3000)));
        std::string head = std::to_string(messages.back().size());
        all += head + '\n' + messages.back() + "\r\n\r\n";
    }
    auto talk = [&]() -> Task<> {
        auto [a, b] = stream_pair();
        TaskGroup group;
        auto send = [&]() -> Task<> {
            std::string_view rest = all;
            while (!rest.empty()) {
                std::size_t size = 1 + sim.random(std::min<std::size_t>(rest.size(), 2000));
                co_await a.write(rest.substr(0, size));
                rest.remove_prefix(size);
                co_await sleep(some_time(sim, 3ms));
            }
            co_await a.close();
        };
        group.spawn(send);
        for (auto& message : messages) {
            for (int step = 0; step < 3;) {  // who runs out of time asks again, and has lost nothing
                try {
                    Timeout limit = sim.random(3) == 0 ? Timeout(some_time(sim, 3ms)) : Timeout();
                    if (step == 0) {
                        auto head = co_await asyncio::wait_for(b.readline(), limit);
                        require(head.view() == std::to_string(message.size()) + '\n', "a line");
                    } else if (step == 1 && message.size() % 2 == 0) {
                        auto whole = co_await asyncio::wait_for(b.readuntil("\r\n\r\n"), limit);
                        require(whole.view() == message + "\r\n\r\n", "all before a separator, and it");
                        ++step;
                    } else if (step == 1) {
                        auto body = co_await asyncio::wait_for(b.readexactly(message.size()), limit);
                        require(body.view() == message, "as many bytes as were asked for");
                    } else {
                        auto tail = co_await asyncio::wait_for(b.readuntil("\r\n\r\n"), limit);
                        require(tail.view() == "\r\n\r\n", "a separator");
                    }
                    ++step;
                } catch (const TimeoutError&) {}
            }
        }
        auto end = co_await b.read();
        require(!end && b.at_eof(), "then the end");
        co_await group.join();
        co_await b.close();
    };
    sim.run(talk());
}

TEST(Others, framing) { run_seeds("Others.framing", 3000, framing); }

}  // namespace
}  // namespace bight::testing

// SPDX-License-Identifier: BSL-1.0
#include "blocking/connect_race.h"

#include <bight/file_descriptor.h>

#include "support/descriptors.h"
#include "support/faults.h"
#include "support/full_backlog.h"

#include <gtest/gtest.h>

#include <cerrno>

#include <sys/socket.h>

namespace bight {
namespace {

using namespace std::chrono_literals;
using socket::AddrInfo;
using socket::ConnectionOptions;

AddrInfo candidate(const Address& address) { return {address.family(), Kind::stream, 0, {}, address}; }

struct Race {
    explicit Race(const ConnectionOptions& how) : options(how), deadline(how.timeout), race(options, deadline) {}
    std::optional<Socket> run(const std::vector<AddrInfo>& candidates) { return race.run(candidates); }
    ConnectionOptions options;
    Deadline deadline;
    ConnectRace race;
};

struct DeadPort {
    DeadPort() { socket.bind({"127.0.0.1", 0}); }
    Socket socket;
    Address address = socket.getsockname();
};

TEST(ConnectRace, families_take_turns) {
    std::vector<AddrInfo> found;
    for (auto host : {"::1", "::2", "::3", "10.0.0.1", "10.0.0.2"}) found.push_back(candidate(Address::ip(host, 1)));
    std::string order;
    for (const auto& one : interleave_families(found)) order += one.address.host() + ' ';
    EXPECT_EQ(order, "::1 10.0.0.1 ::2 10.0.0.2 ::3 ");
    EXPECT_TRUE(interleave_families({}).empty());
}

// PEERS' pain: a black hole in front costs its head start, not the whole limit.
TEST(ConnectRace, a_silent_address_costs_its_head_start) {
    testing::FullBacklog silent({"127.0.0.1", 0});
    auto alive = socket::create_server({"127.0.0.1", 0});
    Race race({.timeout = 20s, .happy_eyeballs_delay = 20ms});
    auto begin = std::chrono::steady_clock::now();
    auto connected = race.run({candidate(silent.listener.getsockname()), candidate(alive.getsockname())});
    auto took = std::chrono::steady_clock::now() - begin;
    ASSERT_TRUE(connected);
    EXPECT_EQ(connected->getpeername(), alive.getsockname());
    EXPECT_EQ(connected->gettimeout(), Timeout(20s));
    EXPECT_GE(took, 20ms);
    EXPECT_LT(took, 10s);
}

TEST(ConnectRace, a_refused_address_costs_nothing) {
    DeadPort dead;
    auto alive = socket::create_server({"127.0.0.1", 0});
    Race race({.timeout = 20s, .happy_eyeballs_delay = 10s});
    auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(race.run({candidate(dead.address), candidate(alive.getsockname())}));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
    ASSERT_EQ(race.race.failures().size(), 1u);
    EXPECT_EQ(race.race.failures()[0].errnum, ECONNREFUSED);
    EXPECT_EQ(race.race.failures()[0].address, dead.address);
}

TEST(ConnectRace, the_limit_is_for_the_whole) {
    testing::FullBacklog one({"127.0.0.1", 0}), other({"127.0.0.1", 0});
    for (Timeout delay : {Timeout(5ms), Timeout()}) {
        Race race({.timeout = 40ms, .happy_eyeballs_delay = delay});
        auto begin = std::chrono::steady_clock::now();
        EXPECT_FALSE(race.run({candidate(one.listener.getsockname()), candidate(other.listener.getsockname())}));
        auto took = std::chrono::steady_clock::now() - begin;
        EXPECT_GE(took, 40ms);
        EXPECT_LT(took, 10s);
        EXPECT_EQ(race.race.failures().back().errnum, ETIMEDOUT);
    }
}

TEST(ConnectRace, in_a_row_without_a_delay) {
    DeadPort dead;
    auto alive = socket::create_server({"127.0.0.1", 0});
    Race race({.happy_eyeballs_delay = std::nullopt});
    auto connected = race.run({candidate(dead.address), candidate(alive.getsockname())});
    ASSERT_TRUE(connected);
    EXPECT_EQ(connected->gettimeout(), std::nullopt);
    EXPECT_EQ(race.race.failures().size(), 1u);
}

TEST(ConnectRace, leaves_no_descriptor_behind_whatever_fails) {
    DeadPort dead;
    auto alive = socket::create_server({"127.0.0.1", 0});
    std::vector<AddrInfo> candidates{candidate(dead.address), candidate(alive.getsockname())};
    auto before = testing::open_descriptors();
    for (auto call : {sys::Call::socket, sys::Call::bind, sys::Call::connect, sys::Call::getsockopt})
        for (int errnum : {EMFILE, ENOBUFS, ECONNREFUSED, EADDRINUSE}) {
            auto source = Address::ip("127.0.0.1", 0);
            Race race({.timeout = 20s, .source_address = &source});
            testing::Faults faults(testing::fail(call, errnum, 2));
            (void)race.run(candidates);
        }
    EXPECT_EQ(testing::open_descriptors(), before);
}

TEST(ConnectRace, an_interruption_does_not_shorten_a_head_start) {
    testing::FullBacklog silent({"127.0.0.1", 0});
    auto alive = socket::create_server({"127.0.0.1", 0});
    Race race({.timeout = 20s, .happy_eyeballs_delay = 20ms});
    testing::Faults faults(testing::fail(sys::Call::poll, EINTR, 3));
    auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(race.run({candidate(silent.listener.getsockname()), candidate(alive.getsockname())}));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms);
}

/// Two candidates, both of which have answered before the race looks at them for the second time: both backlogs are
/// full until then, and there is room for the kernel's second try, a second later.
struct PhotoFinish {
    PhotoFinish() {
        for (auto* full : {&first, &second}) full->clients.pop_back();  // it would come in between
    }

    sys::Fault operator()(sys::Call call) {
        if (polls == 2 && call == sys::Call::getsockopt && !outcomes.empty()) {
            int errnum = outcomes.front();
            outcomes.erase(outcomes.begin());
            return {errnum};
        }
        if (call != sys::Call::poll || ++polls != 2) return {};
        auto accept = [this](auto& full) { accepted.emplace_back(::accept(full.listener.fileno(), nullptr, nullptr)); };
        for (auto* full : {&first, &second})
            for (std::size_t i = 0; i < full->clients.size(); ++i) accept(*full);
        for (auto* full : {&first, &second}) accept(*full);
        return {};
    }

    std::optional<Socket> run() {
        testing::Faults faults([this](sys::Call call) { return (*this)(call); });
        return race.run({candidate(first.listener.getsockname()), candidate(second.listener.getsockname())});
    }

    testing::FullBacklog first{{"127.0.0.1", 0}}, second{{"127.0.0.1", 0}};
    std::vector<FileDescriptor> accepted;
    Race race{{.timeout = 20s, .happy_eyeballs_delay = 0ms}};
    std::vector<int> outcomes;  // what the runners are told then, instead of the truth
    int polls = 0;
};

TEST(ConnectRace, of_two_that_arrive_together_the_first_wins) {
    PhotoFinish finish;
    auto connected = finish.run();
    ASSERT_TRUE(connected);
    EXPECT_EQ(connected->getpeername(), finish.first.listener.getsockname());
}

TEST(ConnectRace, of_two_that_fail_together_the_first_is_told_first) {
    PhotoFinish finish;
    finish.outcomes = {EHOSTUNREACH, ECONNREFUSED};
    EXPECT_FALSE(finish.run());
    ASSERT_EQ(finish.race.race.failures().size(), 2u);
    EXPECT_EQ(finish.race.race.failures()[0].address, finish.first.listener.getsockname());
    EXPECT_EQ(finish.race.race.failures()[0].errnum, EHOSTUNREACH);
    EXPECT_EQ(finish.race.race.failures()[1].address, finish.second.listener.getsockname());
    EXPECT_EQ(finish.race.race.failures()[1].errnum, ECONNREFUSED);
}

TEST(CreateConnection, tells_every_attempt) {
    DeadPort dead;
    std::vector<socket::ConnectionAttempt> failures;
    EXPECT_THROW(socket::create_connection(dead.address, {.failures = &failures}), ConnectionRefusedError);
    ASSERT_EQ(failures.size(), 1u);
    EXPECT_EQ(failures[0].address, dead.address);
    try {
        socket::create_connection(dead.address, {.all_errors = true});
        ADD_FAILURE();
    } catch (const ExceptionGroup& group) {
        ASSERT_EQ(group.exceptions().size(), 1u);
        EXPECT_THROW(std::rethrow_exception(group.exceptions()[0]), ConnectionRefusedError);
    }
}

}  // namespace
}  // namespace bight

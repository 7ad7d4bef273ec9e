// SPDX-License-Identifier: BSL-1.0
#include <bight/ipaddress.h>
#include <bight/ipaddress/prefix_map.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace bight::ipaddress;
using namespace bight::literals;

/// The slow and obvious one.
struct Twin {
    std::map<IPNetwork, int> entries;

    std::optional<std::pair<IPNetwork, int>> longest(const IPNetwork& inner) const {
        std::optional<std::pair<IPNetwork, int>> best;
        for (auto& [network, value] : entries)
            if (network.version() == inner.version() && inner.subnet_of(network) &&
                (!best || network.prefixlen() > best->first.prefixlen()))
                best = {network, value};
        return best;
    }
    std::vector<std::pair<IPNetwork, int>> those(auto wanted) const {
        std::vector<std::pair<IPNetwork, int>> found;
        for (auto& entry : entries)
            if (wanted(entry.first)) found.push_back(entry);
        return found;
    }
};

template <class Entries>
std::vector<std::pair<IPNetwork, int>> listed(const Entries& entries) {
    std::vector<std::pair<IPNetwork, int>> all;
    for (auto [network, value] : entries) all.emplace_back(network, value);
    return all;
}

/// Networks and addresses of a small part of both spaces, so that they meet each other often.
class Random {
public:
    explicit Random(unsigned seed) : engine_(seed) {}

    unsigned below(unsigned n) { return static_cast<unsigned>(engine_() % n); }

    IPAddress address() {
        std::uint32_t bits = 0;
        for (int i = 0; i < 8; ++i) bits = bits << 4 | (below(3) == 0 ? below(16) : below(2));
        if (below(2) == 0) return IPv4Address(bits);
        return IPv6Address(static_cast<uint128>(bits) << 96 | static_cast<uint128>(below(4)) << (31 * below(4)));
    }
    IPNetwork network() {
        IPAddress at = address();
        int length = static_cast<int>(below(static_cast<unsigned>(at.max_prefixlen()) + 1));
        return {at, length, {.strict = false}};
    }

private:
    std::mt19937 engine_;
};

void expect_equal(const PrefixMap<int>& map, const Twin& twin, const IPNetwork& asked) {
    auto best = twin.longest(asked);
    auto found = map.longest_match(asked);
    ASSERT_EQ(found.has_value(), best.has_value()) << asked;
    if (found) {
        EXPECT_EQ(found->network, best->first);
        EXPECT_EQ(found->value, best->second);
    }
    IPAddress address = asked.network_address();
    auto at_address = twin.longest(IPNetwork(address));
    const int* value = map.lookup(address);
    ASSERT_EQ(value != nullptr, at_address.has_value()) << address;
    if (value) {
        EXPECT_EQ(*value, at_address->second) << address;
    }

    EXPECT_EQ(map.contains(asked), twin.entries.contains(asked));
    EXPECT_EQ(listed(map.covering(asked)), twin.those([&](const IPNetwork& one) {
        return one.version() == asked.version() && asked.subnet_of(one);
    })) << asked;
    EXPECT_EQ(listed(map.covered_by(asked)), twin.those([&](const IPNetwork& one) {
        return one.version() == asked.version() && one.subnet_of(asked);
    })) << asked;
}

TEST(PrefixMap, AnswersByTheLongestPrefix) {
    PrefixMap<std::string> map{{"0.0.0.0/0"_net, "all"},    {"10.0.0.0/8"_net, "ten"},    {"10.1.0.0/16"_net, "one"},
                               {"10.1.2.3/32"_net, "host"}, {"2001:db8::/32"_net, "doc"}, {"::1/128"_net, "self"}};
    EXPECT_EQ(*map.lookup("10.1.2.3"_ip), "host");
    EXPECT_EQ(*map.lookup("10.1.2.4"_ip), "one");
    EXPECT_EQ(*map.lookup("10.2.0.0"_ip), "ten");
    EXPECT_EQ(*map.lookup("192.0.2.1"_ip), "all");
    EXPECT_EQ(*map.lookup("2001:db8:ffff::1"_ip), "doc");
    EXPECT_EQ(*map.lookup("::1"_ip), "self");
    EXPECT_EQ(map.lookup("::2"_ip), nullptr);
    EXPECT_EQ(map.longest_match("10.1.2.4"_ip)->network, "10.1.0.0/16"_net);
    EXPECT_EQ(map.longest_match("10.0.0.0/15"_net)->network, "10.0.0.0/8"_net);
    EXPECT_FALSE(map.longest_match("2001::/16"_net).has_value());
}

TEST(PrefixMap, IsWalkedInOrder) {
    PrefixMap<int> map;
    for (auto network :
         {"::/0"_net, "10.1.0.0/16"_net, "10.0.0.0/8"_net, "9.0.0.0/8"_net, "0.0.0.0/0"_net, "10.0.0.0/9"_net})
        map[network] = 1;
    std::vector<IPNetwork> order;
    for (auto [network, value] : map) order.push_back(network);
    EXPECT_EQ(order, (std::vector{"0.0.0.0/0"_net, "9.0.0.0/8"_net, "10.0.0.0/8"_net, "10.0.0.0/9"_net,
                                  "10.1.0.0/16"_net, "::/0"_net}));
    EXPECT_EQ(PrefixMap<int>().begin(), PrefixMap<int>().end());
}

TEST(PrefixMap, KeepsOrReplacesWhatIsThere) {
    PrefixMap<int> map;
    EXPECT_TRUE(map.insert("10.0.0.0/8"_net, 1).second);
    EXPECT_FALSE(map.insert("10.0.0.0/8"_net, 2).second);
    EXPECT_EQ(map.at("10.0.0.0/8"_net), 1);
    EXPECT_FALSE(map.insert_or_assign("10.0.0.0/8"_net, 3).second);
    EXPECT_EQ(map["10.0.0.0/8"_net], 3);
    *map.find("10.0.0.0/8"_net) = 4;
    EXPECT_EQ(*map.lookup("10.0.0.1"_ip), 4);
    EXPECT_THROW(map.at("10.0.0.0/9"_net), std::out_of_range);
    EXPECT_TRUE(map.erase("10.0.0.0/8"_net));
    EXPECT_FALSE(map.erase("10.0.0.0/8"_net));
    EXPECT_TRUE(map.empty());
}

TEST(PrefixMap, LooksAtNoZone) {
    PrefixMap<int> map{{IPNetwork(IPAddress("fe80::1%eth0")), 7}};
    EXPECT_EQ(*map.lookup("fe80::1"_ip), 7);
    EXPECT_EQ(*map.lookup("fe80::1%lo"_ip), 7);
    EXPECT_EQ((*map.begin()).network, "fe80::1/128"_net);
}

TEST(PrefixMap, CountsItsValuesRight) {
    auto token = std::make_shared<int>(0);
    {
        Random random(1);
        PrefixMap<std::shared_ptr<int>> map;
        for (int i = 0; i < 2000; ++i) map.insert(random.network(), token);
        for (int i = 0; i < 2000; ++i) map.erase(random.network());
        EXPECT_EQ(token.use_count(), static_cast<long>(map.size()) + 1);
        auto copy = map;
        EXPECT_EQ(token.use_count(), 2 * static_cast<long>(map.size()) + 1);
        auto moved = std::move(copy);
        EXPECT_EQ(moved.size(), map.size());
        EXPECT_TRUE(copy.empty());
        moved = map;
        map.clear();
        EXPECT_EQ(token.use_count(), static_cast<long>(moved.size()) + 1);
    }
    EXPECT_EQ(token.use_count(), 1);
}

TEST(PrefixMap, AgreesWithAScanOfAllPrefixes) {
    for (unsigned seed = 0; seed < 30; ++seed) {
        Random random(seed);
        PrefixMap<int> map;
        Twin twin;
        for (int step = 0; step < 400; ++step) {
            IPNetwork network = random.network();
            if (random.below(3) == 0 && !twin.entries.empty()) {
                auto chosen = twin.entries.lower_bound(network);
                if (chosen != twin.entries.end() && random.below(2) == 0) network = chosen->first;
                EXPECT_EQ(map.erase(network), twin.entries.erase(network) == 1);
            } else {
                EXPECT_EQ(map.insert(network, step).second, twin.entries.emplace(network, step).second);
            }
            if (step % 20 == 0) expect_equal(map, twin, random.network());
        }
        ASSERT_EQ(listed(map), listed(twin.entries)) << "seed " << seed;
        for (int i = 0; i < 50; ++i) expect_equal(map, twin, random.network());
        for (auto& [network, value] : std::map(twin.entries)) {
            EXPECT_TRUE(map.erase(network));
            twin.entries.erase(network);
        }
        EXPECT_TRUE(map.begin() == map.end());
    }
}

/// Keys that have most of their bits in common with others, and part from them anywhere: what chains are made of.
class Relatives {
public:
    explicit Relatives(unsigned seed) : engine_(seed) {}

    unsigned below(unsigned n) { return static_cast<unsigned>(engine_() % n); }

    IPNetwork network() {
        if (below(3) == 0) {
            std::uint32_t four = 0x0a000000 ^ (below(2) << below(32)) ^ (below(2) << below(32)) ^ below(4);
            return IPv4Network(IPv4Address(four), static_cast<int>(below(33)), {.strict = false});
        }
        uint128 six = uint128{0x20010db8} << 96 | (below(2) == 0 ? uint128{0x123456789abcdef} : uint128{0});
        for (unsigned flips = below(4); flips > 0; --flips) six ^= uint128{1} << below(128);
        int length = static_cast<int>(below(2) == 0 ? below(129) : 4 * below(33));
        return IPv6Network(IPv6Address(six), length, {.strict = false});
    }

private:
    std::mt19937_64 engine_;
};

TEST(PrefixMap, AgreesWithAScanWherePathsAreLong) {
    for (unsigned seed = 0; seed < 40; ++seed) {
        Relatives random(seed);
        PrefixMap<int> map;
        Twin twin;
        for (int step = 0; step < 300; ++step) {
            IPNetwork network = random.network();
            if (random.below(5) < 2 && !twin.entries.empty()) {
                auto chosen = twin.entries.lower_bound(network);
                if (chosen != twin.entries.end() && random.below(4) != 0) network = chosen->first;
                ASSERT_EQ(map.erase(network), twin.entries.erase(network) == 1) << network;
            } else {
                ASSERT_EQ(map.insert(network, step).second, twin.entries.emplace(network, step).second) << network;
            }
            if (step % 4 == 0) expect_equal(map, twin, random.network());
            if (step % 20 == 0) {
                ASSERT_EQ(listed(map), listed(twin.entries)) << "seed " << seed;
            }
        }
        while (!twin.entries.empty()) {
            auto network =
                std::next(twin.entries.begin(), random.below(static_cast<unsigned>(twin.entries.size())))->first;
            ASSERT_TRUE(map.erase(network)) << network;
            twin.entries.erase(network);
            expect_equal(map, twin, random.network());
        }
        EXPECT_EQ(map.memory(), 0u);
    }
}

TEST(PrefixMap, TakesLittleMemoryForNetworksFarApart) {
    std::mt19937_64 engine(5);
    PrefixMap<int> map;
    for (int i = 0; i < 100'000; ++i) map.insert(IPv6Network(IPv6Address(static_cast<uint128>(engine()) << 64), 64), i);
    EXPECT_LT(map.memory(), map.size() * 64);
}

/// Beyond the number of prefixes where a table over the first bits is made, and with changes behind it.
TEST(PrefixMap, AgreesWithAMapOfEachLengthWhenItIsLarge) {
    std::mt19937 engine(7);
    PrefixMap<std::uint32_t> map;
    std::map<int, std::map<std::uint32_t, std::uint32_t>> twin;  // by length, by address
    auto make = [&] {
        int length = static_cast<int>(engine() % 33);
        return IPv4Network(IPv4Address((engine() & 0x0f0fffff) | 0x0a000000), length, {.strict = false});
    };
    auto check = [&](std::uint32_t address) {
        const std::uint32_t* expected = nullptr;
        for (auto& [length, of_length] : twin) {
            auto found = of_length.find(address & (length == 0 ? 0 : ~std::uint32_t{0} << (32 - length)));
            if (found != of_length.end()) expected = &found->second;
        }
        const std::uint32_t* found = map.lookup(IPv4Address(address));
        ASSERT_EQ(found != nullptr, expected != nullptr) << address;
        if (found) {
            ASSERT_EQ(*found, *expected) << address;
        }
    };
    for (int step = 0; step < 60000; ++step) {
        IPv4Network network = make();
        auto address = network.network_address().to_int();
        auto& of_length = twin[network.prefixlen()];
        if (engine() % 4 == 0) {
            EXPECT_EQ(map.erase(network), of_length.erase(address) == 1);
        } else {
            auto value = static_cast<std::uint32_t>(engine());
            map.insert_or_assign(network, value);
            of_length[address] = value;
        }
        check(address);
        check((static_cast<std::uint32_t>(engine()) & 0x0f0fffff) | 0x0a000000);
    }
    EXPECT_GT(map.size(), 15000u);
}

/// Raises when it is copied or made too often, never when it is moved.
TEST(PrefixMap, IsAsBeforeWhenAValueCannotBeMade) {
    struct Costly {
        explicit Costly(int* budget) : left(budget) { spend(); }
        Costly(const Costly& other) : left(other.left) { spend(); }
        Costly(Costly&&) noexcept = default;
        Costly& operator=(const Costly&) = default;
        Costly& operator=(Costly&&) noexcept = default;
        void spend() const {
            if (--*left < 0) throw std::bad_alloc();
        }
        int* left;
    };
    int left = 10;
    PrefixMap<Costly> map;
    std::size_t inserted = 0;
    EXPECT_THROW(
        for (auto network : "10.0.0.0/24"_net.subnets({.new_prefix = 30})) {
            map.insert(network, Costly(&left));
            ++inserted;
        },
        std::bad_alloc);
    EXPECT_EQ(map.size(), inserted);
    EXPECT_THROW(PrefixMap<Costly>{map}, std::bad_alloc);
    EXPECT_EQ(map.size(), 10u);
}

TEST(PrefixMap, TakesNoMoreMemoryThroughChanges) {
    PrefixMap<std::string> map;
    for (unsigned i = 0; i < 8; ++i)
        map.insert(IPv4Network(IPv4Address(0x10000000 + (i << 20)), 12), std::to_string(i));
    auto change = [&] {
        for (int i = 0; i < 10'000; ++i) {
            map.insert("16.128.0.0/12"_net, "a route that comes and goes");
            map.erase("16.128.0.0/12"_net);
        }
    };
    change();
    auto memory = map.memory();
    change();
    EXPECT_EQ(map.memory(), memory);
}

TEST(PrefixMap, ReusesTheMemoryOfWhatWasErased) {
    PrefixMap<int> map{{"0.0.0.0/0"_net, 0}};
    std::size_t most = 0;
    for (unsigned round = 0; round < 12; ++round) {
        Random random(round);
        std::vector<IPNetwork> networks;
        for (int i = 0; i < 5000; ++i)
            networks.push_back(IPv4Network(IPv4Address(random.below(1u << 31)), 20 + static_cast<int>(random.below(13)),
                                           {.strict = false}));
        for (auto& network : networks) map.insert(network, 1);
        if (round == 3) most = map.memory() * 5 / 4;
        for (auto& network : networks) map.erase(network);
        ASSERT_EQ(map.size(), 1u);
    }
    EXPECT_LE(map.memory(), most);
    map.erase("0.0.0.0/0"_net);
    EXPECT_EQ(map.memory(), 0u);
}

TEST(PrefixMap, TakesLittleMoreThanItsFewLargeValues) {
    struct Large {
        char bytes[4096];
    };
    PrefixMap<Large> map;
    map.insert("10.0.0.0/8"_net, Large{});
    EXPECT_LT(map.memory(), 400'000u);
}

TEST(PrefixMap, AnswersToTheLongestOfAllPrefixes) {
    for (auto text : {"255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "0.0.0.0", "::"}) {
        auto address = ip_address(text);
        PrefixMap<int> map;
        for (int length = 0; length <= address.max_prefixlen(); ++length)
            map.insert(IPNetwork(address, length, {.strict = false}), length);
        EXPECT_EQ(map.longest_match(address)->value, address.max_prefixlen());
        for (int length = 0; length <= address.max_prefixlen(); ++length) {
            IPNetwork network(address, length, {.strict = false});
            EXPECT_EQ(map.longest_match(network)->network, network);
            auto covering = map.covering(network);
            ASSERT_EQ(covering.size(), static_cast<std::size_t>(length) + 1);
            EXPECT_EQ(covering.back().network, network);
        }
    }
}

}  // namespace

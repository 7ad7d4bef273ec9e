// SPDX-License-Identifier: BSL-1.0
#include <bight/ipaddress.h>
#include <bight/ipaddress/address_set.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace bight::ipaddress;
using namespace bight::literals;

std::string shown(const AddressSet& set) {
    std::string text;
    for (auto& range : set.ranges()) text += range.to_string() + ' ';
    return text;
}

TEST(AddressRange, IsAnAddressANetworkOrTwoEnds) {
    EXPECT_EQ(AddressRange("10.0.0.0/31"_net), AddressRange("10.0.0.0"_ip, "10.0.0.1"_ip));
    EXPECT_EQ(AddressRange(IPv6Address("::1%eth0")), AddressRange("::1"_ip));
    EXPECT_EQ(AddressRange("10.0.0.0"_ip, "10.0.0.9"_ip).to_string(), "10.0.0.0-10.0.0.9");
    EXPECT_THROW(AddressRange("10.0.0.1"_ip, "10.0.0.0"_ip), bight::ValueError);
    EXPECT_THROW(AddressRange("10.0.0.1"_ip, "::"_ip), bight::TypeError);
}

TEST(AddressSet, JoinsWhatTouches) {
    AddressSet set{"10.0.1.0/24"_net, "10.0.0.0/24"_net, "10.0.0.7"_ip, "::/127"_net, "::2"_ip};
    EXPECT_EQ(shown(set), "10.0.0.0-10.0.1.255 ::-::2 ");
    EXPECT_EQ(set.networks(), (std::vector{"10.0.0.0/23"_net, "::/127"_net, "::2/128"_net}));
    EXPECT_EQ(set.size(), Count(512 + 3));
    EXPECT_EQ(set.range_count(), 2u);
}

TEST(AddressSet, ReachesBothEndsOfTheSpace) {
    AddressSet set{"255.255.255.255"_ip, "0.0.0.0"_ip};
    set.add("255.255.255.254"_ip);
    set.add("0.0.0.1"_ip);
    EXPECT_EQ(shown(set), "0.0.0.0-0.0.0.1 255.255.255.254-255.255.255.255 ");
    EXPECT_EQ(shown(~set), "0.0.0.2-255.255.255.253 ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ");
    EXPECT_EQ(~~set, set);
    EXPECT_EQ((~AddressSet()).networks(), (std::vector{"0.0.0.0/0"_net, "::/0"_net}));
    EXPECT_EQ(AddressSet::all().size(), Count::power_of_two(128) + Count(std::uint64_t{1} << 32));
    EXPECT_EQ((~AddressSet::all()), AddressSet());
    set.remove("0.0.0.0/0"_net);
    EXPECT_TRUE(set.empty());
}

TEST(AddressSet, AnswersAboutRangesAndSets) {
    AddressSet set{"10.0.0.0/8"_net, "2001:db8::/32"_net};
    EXPECT_TRUE(set.contains("10.255.0.1"_ip));
    EXPECT_FALSE(set.contains("11.0.0.0"_ip));
    EXPECT_FALSE(set.contains("::ffff:10.0.0.1"_ip));
    EXPECT_TRUE(set.contains("10.0.0.0/8"_net));
    EXPECT_FALSE(set.contains("10.0.0.0/7"_net));
    EXPECT_TRUE(set.overlaps("10.0.0.0/7"_net));
    EXPECT_FALSE(set.overlaps("11.0.0.0/8"_net));
    EXPECT_TRUE(set.isdisjoint({"11.0.0.0/8"_net, "::1"_ip}));
    EXPECT_TRUE((AddressSet{"10.1.0.0/16"_net}.issubset(set)));
    EXPECT_TRUE((set.issuperset({"10.1.0.0/16"_net, "2001:db8::1"_ip})));
    EXPECT_EQ(set.of_version(6), (AddressSet{"2001:db8::/32"_net}));
    EXPECT_EQ(shown(set - AddressSet{"10.0.0.0/9"_net, "::/0"_net}), "10.128.0.0-10.255.255.255 ");
}

TEST(AddressSet, IsWalkedAddressByAddress) {
    AddressSet set{"10.0.0.0/31"_net, "10.0.0.5"_ip, "::1"_ip};
    std::vector<IPAddress> addresses(set.begin(), set.end());
    EXPECT_EQ(addresses, (std::vector{"10.0.0.0"_ip, "10.0.0.1"_ip, "10.0.0.5"_ip, "::1"_ip}));
    set.clear();
    EXPECT_EQ(set.begin(), set.end());
}

// ---- Against sets of integers. -----------------------------------------------------------------------------------------

constexpr int universe = 64;

/// Numbers below `universe`, at both ends of the space of each version by turns.
class Place {
public:
    explicit Place(unsigned seed) : six_(seed % 2 != 0), top_(seed % 4 >= 2) {}

    IPAddress operator()(int number) const {
        auto value = static_cast<uint128>(number);
        if (top_) value += (six_ ? ~uint128{0} : uint128{UINT32_MAX}) - (universe - 1);
        if (six_) return IPv6Address(value);
        return IPv4Address(value);
    }
    AddressSet whole() const { return {AddressRange((*this)(0), (*this)(universe - 1))}; }
    AddressSet of(const std::set<int>& numbers) const {
        AddressSet set;
        for (int number : numbers) set.add((*this)(number));
        return set;
    }

private:
    bool six_, top_;
};

std::set<int> filtered(auto wanted) {
    std::set<int> numbers;
    for (int i = 0; i < universe; ++i)
        if (wanted(i)) numbers.insert(i);
    return numbers;
}

/// The fewest networks, by trying: a network counts if all of it is there and not all of the one around it.
int fewest_networks(const std::set<int>& numbers) {
    auto full = [&](int first, int size) {
        for (int i = first; i < first + size; ++i)
            if (!numbers.contains(i)) return false;
        return true;
    };
    int count = 0;
    for (int size = 1; size <= universe; size *= 2)
        for (int first = 0; first < universe; first += size)
            if (full(first, size) && (size == universe || !full(first / (2 * size) * 2 * size, 2 * size))) ++count;
    return count;
}

TEST(AddressSet, AgreesWithSetsOfIntegers) {
    for (unsigned seed = 0; seed < 400; ++seed) {
        std::mt19937 random(seed);
        Place place(seed);
        AddressSet a, b;
        std::set<int> x, y;
        for (int step = 0; step < 24; ++step) {
            int first = static_cast<int>(random() % universe), last = static_cast<int>(random() % universe);
            if (random() % 2 == 0) last = std::min(first + 3, universe - 1);
            if (last < first) std::swap(first, last);
            bool adding = random() % 3 != 0, in_a = random() % 2 == 0;
            AddressSet& chosen = in_a ? a : b;
            std::set<int>& twin = in_a ? x : y;
            AddressRange range(place(first), place(last));
            adding ? chosen.add(range) : chosen.remove(range);
            for (int i = first; i <= last; ++i)
                adding ? static_cast<void>(twin.insert(i)) : static_cast<void>(twin.erase(i));
            ASSERT_EQ(chosen, place.of(twin)) << "seed " << seed << " step " << step;
            EXPECT_EQ(chosen.contains(range),
                      adding || std::ranges::includes(twin, filtered([&](int i) { return first <= i && i <= last; })));
        }
        auto in = [](const std::set<int>& set, int i) { return set.contains(i); };
        EXPECT_EQ(a | b, place.of(filtered([&](int i) { return in(x, i) || in(y, i); })));
        EXPECT_EQ(a & b, place.of(filtered([&](int i) { return in(x, i) && in(y, i); })));
        EXPECT_EQ(a - b, place.of(filtered([&](int i) { return in(x, i) && !in(y, i); })));
        EXPECT_EQ(a ^ b, place.of(filtered([&](int i) { return in(x, i) != in(y, i); })));
        EXPECT_EQ(~a & place.whole(), place.of(filtered([&](int i) { return !in(x, i); })));
        EXPECT_EQ(a.issubset(b), std::ranges::includes(y, x));
        EXPECT_EQ(a.overlaps(b), !(a & b).empty());
        EXPECT_EQ(a.size(), Count(x.size()));
        EXPECT_EQ(std::distance(a.begin(), a.end()), static_cast<std::ptrdiff_t>(x.size()));
        EXPECT_EQ(a.networks().size(), static_cast<std::size_t>(fewest_networks(x)));
        EXPECT_EQ(AddressSet(a.networks()), a);
        EXPECT_EQ(AddressSet(a.ranges()), a);
        for (int i = 0; i < universe; ++i) ASSERT_EQ(a.contains(place(i)), in(x, i));
    }
}

TEST(AddressSet, IsMadeFromAListAsByAdding) {
    std::mt19937 random(3);
    std::vector<IPNetwork> networks;
    AddressSet added;
    for (int i = 0; i < 3000; ++i) {
        auto bits = static_cast<std::uint32_t>(random());
        int length = static_cast<int>(random() % 20) + 12;
        IPNetwork network = random() % 2 == 0
                                ? IPNetwork(IPv4Address(bits), length, {.strict = false})
                                : IPNetwork(IPv6Address(static_cast<uint128>(bits) << 96), length, {.strict = false});
        networks.push_back(network);
        added.add(network);
    }
    EXPECT_EQ(AddressSet(networks), added);
    std::vector<IPv4Network> four;
    for (auto& network : networks)
        if (network.version() == 4) four.push_back(network.v4());
    auto collapsed = collapse_addresses(four);
    EXPECT_EQ(AddressSet(networks).of_version(4).networks(),
              std::vector<IPNetwork>(collapsed.begin(), collapsed.end()));
}

}  // namespace

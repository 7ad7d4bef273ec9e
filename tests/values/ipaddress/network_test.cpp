// SPDX-License-Identifier: BSL-1.0
#include <bight/ipaddress.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <concepts>
#include <ranges>
#include <string_view>
#include <vector>

namespace bight::ipaddress {
namespace {

using namespace literals;

static_assert("10.0.0.0/8"_net.contains("10.1.2.3"_ip) && !"10.0.0.0/8"_net.contains("::a01:203"_ip));
static_assert("10.0.0.0/8"_net.subnets({.new_prefix = 16}).size() == 256);
static_assert("::/0"_net.num_addresses() == Count::power_of_two(128));
static_assert(*++"::/0"_net.begin() == "::1"_ip);

static_assert(std::ranges::random_access_range<IPv4Network> && std::ranges::random_access_range<IPv6Network>);
static_assert(std::ranges::random_access_range<IPv6Network::Subnets> &&
              std::ranges::random_access_range<IPNetwork::Subnets>);
static_assert(std::ranges::borrowed_range<IPv4Network::Addresses>);
static_assert(std::ranges::forward_range<Summary<IPv6Address>>);

template <class Range>
std::string joined(const Range& range) {
    std::string text;
    for (auto each : range) text += (text.empty() ? "" : " ") + each.to_string();
    return text;
}

TEST(IPNetwork, masks_of_all_forms) {
    for (auto text : {"192.0.2.0/24", "192.0.2.0/255.255.255.0", "192.0.2.0/0.0.0.255", "192.0.2.0/024"})
        EXPECT_EQ(IPv4Network(text), IPv4Network(IPv4Address("192.0.2.0"), 24)) << text;
    EXPECT_EQ(IPv4Network("0.0.0.0/0.0.0.0").prefixlen(), 0);
    EXPECT_EQ(IPv4Network("0.0.0.0/255.255.255.255").prefixlen(), 32);
    EXPECT_EQ(IPv4Network(IPv4Address("10.0.0.0"), "255.0.0.0").prefixlen(), 8);
    for (auto bad : {"/", "/33", "/-1", "/+8", "/ 8", "/0x8", "/255.0.255.0", "/255.255.255", "/::"})
        EXPECT_THROW(IPv4Network(std::string("10.0.0.0") + bad), NetmaskValueError) << bad;
    EXPECT_THROW(IPv6Network("::/129"), NetmaskValueError);
    EXPECT_THROW(IPv6Network("::/ffff::"), NetmaskValueError);
    EXPECT_THROW(IPv4Network("10.0.0.0/8/8"), AddressValueError);
    EXPECT_THROW(IPv4Network(IPv4Address(), 33), NetmaskValueError);
    EXPECT_THROW(IPv4Network(IPv4Address(), -1), NetmaskValueError);
}

TEST(IPNetwork, host_bits) {
    try {
        ip_network("10.0.0.1/8");
        ADD_FAILURE();
    } catch (const ValueError& error) {
        EXPECT_STREQ(error.what(), "10.0.0.1/8 has host bits set");
    }
    EXPECT_EQ(ip_network("10.0.0.1/8", {.strict = false}), ip_network("10.0.0.0/8"));
    EXPECT_EQ(ip_network("fe80::1%eth0/64", {.strict = false}).to_string(), "fe80::/64");
    EXPECT_EQ(ip_network("fe80::%eth0/64").to_string(), "fe80::%eth0/64");
    EXPECT_FALSE(IPNetwork::parse("10.0.0.1/8"));
    EXPECT_TRUE(IPNetwork::parse("10.0.0.1/8", {.strict = false}));
}

TEST(IPNetwork, parts_and_forms) {
    IPv4Network network("192.0.2.0/27");
    EXPECT_EQ(network.broadcast_address(), IPv4Address("192.0.2.31"));
    EXPECT_EQ(network.netmask(), IPv4Address("255.255.255.224"));
    EXPECT_EQ(network.hostmask(), IPv4Address("0.0.0.31"));
    EXPECT_EQ(network.num_addresses(), 32u);
    EXPECT_EQ(network.with_netmask(), "192.0.2.0/255.255.255.224");
    EXPECT_EQ(network.with_hostmask(), "192.0.2.0/0.0.0.31");
    EXPECT_EQ(network.reverse_pointer(), "0/27.2.0.192.in-addr.arpa");
    EXPECT_EQ(ip_network("::/0").num_addresses().to_string(), "340282366920938463463374607431768211456");
    EXPECT_THROW(ip_network("::/0").num_addresses().to_int(), OverflowError);
    EXPECT_EQ(ip_network("2001:db8::/32").exploded(), "2001:0db8:0000:0000:0000:0000:0000:0000/32");
    EXPECT_EQ(IPv4Interface("192.0.2.5/24").with_netmask(), "192.0.2.5/255.255.255.0");
    EXPECT_EQ(IPv6Interface("fe80::1%eth0/64").to_string(), "fe80::1%eth0/64");
    EXPECT_EQ(IPv6Interface("fe80::1%eth0/64").with_prefixlen(), "fe80::1/64");
    EXPECT_EQ(IPv6Interface("fe80::1%eth0/64").ip().to_string(), "fe80::1");
}

TEST(IPNetwork, hosts_indices_and_iteration) {
    EXPECT_EQ(joined(ip_network("192.0.2.0/29").hosts()),
              "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6");
    EXPECT_EQ(joined(ip_network("192.0.2.0/31").hosts()), "192.0.2.0 192.0.2.1");
    EXPECT_EQ(joined(ip_network("192.0.2.7/32").hosts()), "192.0.2.7");
    EXPECT_EQ(joined(ip_network("2001:db8::/126").hosts()), "2001:db8::1 2001:db8::2 2001:db8::3");
    EXPECT_EQ(joined(ip_network("2001:db8::/127").hosts()), "2001:db8:: 2001:db8::1");
    EXPECT_EQ(joined(ip_network("fe80::1%x/128").hosts()), "fe80::1%x");
    auto network = ip_network("10.0.0.0/8");
    EXPECT_EQ(network[0], ip_address("10.0.0.0"));
    EXPECT_EQ(network[-1], ip_address("10.255.255.255"));
    EXPECT_EQ(network[-(1 << 24)], ip_address("10.0.0.0"));
    EXPECT_THROW(network[1 << 24], IndexError);
    EXPECT_THROW(network[-(1 << 24) - 1], IndexError);
    EXPECT_EQ(ip_network("::/0")[0], ip_address("::"));
    IPv4Network small("10.0.0.0/30");
    EXPECT_EQ(std::ranges::distance(small), 4);
    EXPECT_EQ(*std::ranges::lower_bound(small, IPv4Address("10.0.0.2")), IPv4Address("10.0.0.2"));
    EXPECT_EQ(joined(std::views::reverse(small)), "10.0.0.3 10.0.0.2 10.0.0.1 10.0.0.0");
    int all = 0;
    for (auto address : ip_network("255.255.255.252/30")) all += address.is_reserved();
    EXPECT_EQ(all, 4);  // the end of the address space is no end without end
}

TEST(IPNetwork, subnets_and_supernets) {
    auto ten = ip_network("10.0.0.0/8");
    EXPECT_EQ(joined(ten.subnets()), "10.0.0.0/9 10.128.0.0/9");
    EXPECT_EQ(ten.subnets({.new_prefix = 16})[200], ip_network("10.200.0.0/16"));
    EXPECT_EQ(joined(ip_network("10.0.0.1/32").subnets({.prefixlen_diff = 9})), "10.0.0.1/32");
    EXPECT_EQ(joined(ip_network("::1%scope/128").subnets()), "::1%scope/128");
    EXPECT_EQ(ip_network("::/0").subnets({.new_prefix = 128}).size(), Count::power_of_two(128));
    EXPECT_EQ(ip_network("::/0").subnets({.new_prefix = 64}).back(), ip_network("ffff:ffff:ffff:ffff::/64"));
    for (SubnetOptions bad :
         {SubnetOptions{.prefixlen_diff = -1}, SubnetOptions{.prefixlen_diff = 25}, SubnetOptions{.new_prefix = 7},
          SubnetOptions{.new_prefix = 33}, SubnetOptions{.prefixlen_diff = 2, .new_prefix = 16}})
        EXPECT_THROW(ten.subnets(bad), ValueError);
    EXPECT_EQ(ip_network("10.64.0.0/10").supernet(), ip_network("10.0.0.0/9"));
    EXPECT_EQ(ip_network("10.64.0.0/10").supernet({.new_prefix = 4}), ip_network("0.0.0.0/4"));
    EXPECT_EQ(ip_network("0.0.0.0/0").supernet({.prefixlen_diff = 5}), ip_network("0.0.0.0/0"));
    EXPECT_THROW(ten.supernet({.prefixlen_diff = 9}), ValueError);
    EXPECT_THROW(ten.supernet({.new_prefix = 9}), ValueError);
    EXPECT_THROW(ten.supernet({.new_prefix = -1}), ValueError);
}

TEST(IPNetwork, relations) {
    auto ten = ip_network("10.0.0.0/8"), part = ip_network("10.1.0.0/16"), six = ip_network("::/0");
    EXPECT_TRUE(part.subnet_of(ten) && ten.supernet_of(part) && ten.overlaps(part) && part.overlaps(ten));
    EXPECT_FALSE(ten.subnet_of(part));
    EXPECT_FALSE(ten.overlaps(six));
    EXPECT_THROW(ten.subnet_of(six), TypeError);
    EXPECT_THROW(ten.compare_networks(six), TypeError);
    EXPECT_THROW(ten.address_exclude(six), TypeError);
    EXPECT_EQ(ten.compare_networks(part), -1);
    EXPECT_EQ(joined(ip_network("192.0.2.0/28").address_exclude(ip_network("192.0.2.1/32"))),
              "192.0.2.8/29 192.0.2.4/30 192.0.2.2/31 192.0.2.0/32");
    EXPECT_EQ(joined(ten.address_exclude(ten)), "");
    EXPECT_THROW(part.address_exclude(ten), ValueError);
}

TEST(IPNetwork, summarizing_and_collapsing) {
    EXPECT_EQ(joined(summarize_address_range(IPv4Address("192.0.2.0"), IPv4Address("192.0.2.130"))),
              "192.0.2.0/25 192.0.2.128/31 192.0.2.130/32");
    EXPECT_EQ(joined(summarize_address_range(IPv6Address(), IPv6Address(~uint128{0}))), "::/0");
    EXPECT_THROW(summarize_address_range(IPv4Address("0.0.0.1"), IPv4Address("0.0.0.0")), ValueError);
    EXPECT_THROW(summarize_address_range(ip_address("0.0.0.1"), ip_address("::")), TypeError);
    std::vector<IPNetwork> many;
    for (auto text : {"10.0.1.0/24", "10.0.0.0/24", "10.0.0.7/32", "10.0.3.0/24", "10.0.2.0/24", "10.0.0.0/24"})
        many.push_back(ip_network(text));
    EXPECT_EQ(joined(collapse_addresses(many)), "10.0.0.0/22");
    many.push_back(ip_network("::/0"));
    EXPECT_THROW(collapse_addresses(many), TypeError);
    EXPECT_TRUE(collapse_addresses(std::vector<IPNetwork>{}).empty());
}

TEST(IPNetwork, keys_of_mixed_types) {
    EXPECT_LT(get_mixed_type_key(ip_address("10.0.0.0")), get_mixed_type_key(ip_network("10.0.0.0/8")));
    EXPECT_LT(get_mixed_type_key(ip_network("10.0.0.0/8")), get_mixed_type_key(ip_address("10.0.0.1")));
    EXPECT_LT(get_mixed_type_key(ip_address("255.0.0.0")), get_mixed_type_key(IPv4Interface("10.0.0.0/8")));
    EXPECT_LT(get_mixed_type_key(IPv4Interface("10.0.0.0/8")), get_mixed_type_key(ip_address("::")));
}

// B004, B005: the registry's edges, and the same addresses mapped into IPv6.
TEST(Registry, every_row_its_neighbours_and_their_mapped_forms) {
    ASSERT_GE(registry().size(), 51u);
    for (const auto& row : registry()) {
        auto first = row.network.network_address(), last = row.network.broadcast_address();
        EXPECT_EQ(classify(first)->network.subnet_of(row.network), true) << row.network;
        if (row.globally_reachable == Answer::yes) {
            EXPECT_TRUE(first.is_global() && last.is_global()) << row.network;
        }
        if (row.globally_reachable == Answer::no && row.name != "Shared Address Space" &&
            row.name != "IPv4-mapped Address") {
            EXPECT_TRUE(classify(first)->network != row.network || first.is_private()) << row.network;
        }
        if (row.network.version() != 4) continue;
        for (auto address : {first, last}) {
            IPv6Address mapped((uint128{0xffff} << 32) | address.to_int());
            EXPECT_EQ(mapped.is_private(), address.is_private()) << address;
            EXPECT_EQ(mapped.is_global(), address.is_global()) << address;
            EXPECT_EQ(mapped.is_loopback(), address.is_loopback()) << address;
            EXPECT_EQ(is_public(mapped), is_public(address)) << address;
        }
    }
    EXPECT_EQ(classify(ip_address("10.1.2.3"))->name, "Private-Use");
    EXPECT_EQ(classify(ip_address("10.1.2.3"))->rfc, "RFC 1918");
    EXPECT_EQ(classify(ip_address("192.0.0.9"))->globally_reachable, Answer::yes);
    EXPECT_EQ(classify(ip_address("8.8.8.8")), nullptr);
    EXPECT_EQ(registry_date().size(), 7u);
}

TEST(Registry, a_network_is_classified_by_the_smallest_block_that_holds_all_of_it) {
    for (const auto& row : registry()) {
        EXPECT_EQ(classify(row.network), &row) << row.network;
        if (row.network.prefixlen() == row.network.max_prefixlen()) continue;
        for (auto half : row.network.subnets()) {
            ASSERT_NE(classify(half), nullptr) << half;
            EXPECT_TRUE(classify(half)->network.subnet_of(row.network)) << half;
        }
    }
    EXPECT_EQ(classify(ip_network("9.0.0.0/8")), nullptr);
    EXPECT_EQ(classify(ip_network("10.0.0.0/7")), nullptr);
    EXPECT_EQ(classify(ip_network("0.0.0.0/0")), nullptr);
    EXPECT_EQ(classify(IPv4Network("192.0.0.0/28"))->network, ip_network("192.0.0.0/24"));
    EXPECT_EQ(classify(IPv4Network("192.0.0.4/30"))->network, ip_network("192.0.0.0/29"));
    EXPECT_EQ(classify(IPv6Network("2001::/24"))->network, ip_network("2001::/23"));
    EXPECT_EQ(classify(IPv6Network("::/96")), nullptr);
    EXPECT_EQ(classify(IPv6Network("::1")), classify(IPv6Address("::1")));
}

TEST(Registry, questions_of_policy_look_inside) {
    for (auto text : {"127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::1", "64:ff9b::10.0.0.1",
                      "ff02::1", "224.0.0.1", "100.64.0.1", "::ffff:100.64.0.1", "fe80::1", "fec0::1",
                      "::", "255.255.255.255", "::8.8.8.8", "2001:0:7f00:1::1", "3fff::1", "4000::1"})
        EXPECT_FALSE(is_public(ip_address(text))) << text;
    for (auto text : {"8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2606:4700:4700::1111"})
        EXPECT_TRUE(is_public(ip_address(text))) << text;
    EXPECT_EQ(embedded_ipv4(ip_address("2002:7f00:1::1")), IPv4Address("127.0.0.1"));
    EXPECT_EQ(embedded_ipv4(ip_address("64:ff9b::1.2.3.4")), IPv4Address("1.2.3.4"));
    EXPECT_EQ(embedded_ipv4(ip_address("2001:0:4136:e378:8000:63bf:3fff:fdd2")), IPv4Address("192.0.2.45"));
    EXPECT_EQ(IPv6Address("2001:0:4136:e378:8000:63bf:3fff:fdd2").teredo()->server, IPv4Address("65.54.227.120"));
}

}  // namespace

TEST(IPNetwork, all_of_ipv6_is_no_empty_range) {
    auto count = [](auto&& range) {
        int n = 0;
        for (auto each : range) n += each == each ? 1 : 0;
        return n;
    };
    for (auto text : {"::/0", "::/1", "0.0.0.0/0"}) {
        EXPECT_FALSE(std::ranges::empty(ip_network(text))) << text;
        EXPECT_EQ(count(ip_network(text) | std::views::take(5)), 5) << text;
    }
    EXPECT_FALSE(std::ranges::empty(IPv6Network("::/0")));
    EXPECT_EQ(count(IPv6Network("::/0") | std::views::take(5)), 5);
    EXPECT_EQ(count(IPv6Network("::/0").subnets({.new_prefix = 128}) | std::views::take(5)), 5);
    auto all = IPv6Network("::/0").addresses();
    EXPECT_TRUE(all.end() - all.begin() == static_cast<int128>(~uint128{0} >> 1));
    EXPECT_TRUE(all.begin() - all.end() < 0);
}

TEST(IPNetwork, ranges_are_indexed_from_both_ends) {
    auto hosts = ip_network("10.0.0.0/29").hosts();
    EXPECT_EQ(hosts[0], ip_address("10.0.0.1"));
    EXPECT_EQ(hosts[-1], ip_address("10.0.0.6"));
    EXPECT_EQ(hosts[-6], ip_address("10.0.0.1"));
    EXPECT_THROW(hosts[6], bight::IndexError);
    EXPECT_THROW(hosts[-7], bight::IndexError);
    auto subnets = IPv4Network("10.0.0.0/30").subnets();
    EXPECT_EQ(subnets[-1], IPv4Network("10.0.0.2/31"));
    EXPECT_THROW(subnets[2], bight::IndexError);
}

TEST(IPNetwork, made_of_numbers_addresses_and_masks) {
    EXPECT_EQ(ip_network(0x0a000000), "10.0.0.0/32"_net);
    EXPECT_EQ(ip_network("10.0.0.0"_ip), "10.0.0.0/32"_net);
    EXPECT_EQ(ip_network("10.0.0.0"_ip, 8), "10.0.0.0/8"_net);
    EXPECT_EQ(ip_network("10.0.0.1"_ip, "255.0.0.0", {.strict = false}), "10.0.0.0/8"_net);
    EXPECT_EQ(ip_interface(0x0a000001).to_string(), "10.0.0.1/32");
    EXPECT_EQ(ip_interface("10.0.0.1"_ip, "24").to_string(), "10.0.0.1/24");
    EXPECT_EQ((ip_interface("10.0.0.1/24") + 1).to_string(), "10.0.0.2/32");
    EXPECT_EQ((ip_interface("10.0.0.1/24") - 1).to_string(), "10.0.0.0/32");
    EXPECT_TRUE(ip_interface("10.0.0.1/24").to_int() == 0x0a000001u);
}

TEST(IPNetwork, an_interface_equals_no_address) {
    static_assert(!std::convertible_to<IPv4Interface, IPAddress>);
    EXPECT_FALSE(IPv4Address("10.0.0.1") == IPv4Interface("10.0.0.1"));
    EXPECT_FALSE("10.0.0.1"_ip == ip_interface("10.0.0.1"));
    EXPECT_FALSE("10.0.0.1"_ip == IPv4Interface("10.0.0.1"));
    EXPECT_EQ(IPInterface(IPv4Interface("10.0.0.1")), ip_interface("10.0.0.1"));
}

TEST(IPNetwork, addresses_collapse_too) {
    EXPECT_EQ(collapse_addresses(std::vector{IPv4Address("10.0.0.1"), IPv4Address("10.0.0.0")}),
              std::vector{IPv4Network("10.0.0.0/31")});
    EXPECT_EQ(collapse_addresses(std::vector{"::1"_ip, "::"_ip}), std::vector{"::/127"_net});
    EXPECT_THROW(collapse_addresses(std::vector{"::1"_ip, "1.2.3.4"_ip}), bight::TypeError);
}

TEST(Count, neither_wraps_nor_takes_what_is_negative) {
    Count count(5);
    count += ~uint128{0};
    EXPECT_EQ(count.to_string(), "340282366920938463463374607431768211460");
    EXPECT_THROW(count += -1, bight::OverflowError);
    EXPECT_THROW(Count(1) - Count(2), bight::OverflowError);
    EXPECT_THROW(Count(5) + -1, bight::OverflowError);
    EXPECT_EQ(Count::power_of_two(128) - Count(1), Count(~uint128{0}));
}

TEST(IPNetwork, the_mask_is_blamed_for_its_own_colon) {
    try {
        ip_network("10.0.0.0/a:b");
        FAIL();
    } catch (const bight::ValueError& error) {
        EXPECT_NE(std::string_view(error.what()).find("'a:b' is not a valid netmask"), std::string_view::npos);
    }
}

}  // namespace bight::ipaddress

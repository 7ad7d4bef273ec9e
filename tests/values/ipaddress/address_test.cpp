// SPDX-License-Identifier: BSL-1.0
#include <bight/ipaddress.h>

#include <bight/format.h>

#include <gtest/gtest.h>

#include <functional>
#include <ranges>
#include <sstream>
#include <unordered_set>

namespace bight::ipaddress {
namespace {

using namespace literals;

static_assert(std::is_trivially_copyable_v<IPv4Address> && sizeof(IPv4Address) == 4);
static_assert(std::is_trivially_copyable_v<IPv6Address> && sizeof(IPv6Address) == 32);
static_assert(std::is_trivially_copyable_v<IPAddress> && std::is_trivially_copyable_v<IPInterface>);

// All of this happens in the compiler.
static_assert("10.1.2.3"_ip.is_private() && !"8.8.8.8"_ip.is_private());
static_assert(IPv4Address("1.2.3.4") + 1 == IPv4Address("1.2.3.5"));
static_assert(IPv6Address("1:2:3:4:5:6:7::").to_int() >> 16 == IPv6Address("::1:2:3:4:5:6:7").to_int());
static_assert(IPv6Address("fe80::1%eth0").scope_id() == "eth0");

/// The message of the error of kind E that `function` raises.
template <class E, class Function>
std::string message_of(Function function) {
    try {
        function();
    } catch (const E& error) {
        return error.what();
    }
    return "nothing was raised";
}

std::string v4_message(std::string_view text) {
    return message_of<AddressValueError>([&] { IPv4Address{text}; });
}
std::string v6_message(std::string_view text) {
    return message_of<AddressValueError>([&] { IPv6Address{text}; });
}

TEST(IPv4Address, errors_name_the_octet) {
    EXPECT_EQ(v4_message(""), "Address cannot be empty");
    EXPECT_EQ(v4_message("1.2.3.4/8"), "Unexpected '/' in '1.2.3.4/8'");
    EXPECT_EQ(v4_message("1.2.3"), "Expected 4 octets in '1.2.3'");
    EXPECT_EQ(v4_message("1.2.3.4.5"), "Expected 4 octets in '1.2.3.4.5'");
    EXPECT_EQ(v4_message("1..3.4"), "Empty octet not permitted in '1..3.4'");
    EXPECT_EQ(v4_message("1.2.3.+4"), "Only decimal digits permitted in '+4' in '1.2.3.+4'");
    EXPECT_EQ(v4_message("1.2.3.0x4"), "Only decimal digits permitted in '0x4' in '1.2.3.0x4'");
    EXPECT_EQ(v4_message("1.2.3.4\n"), "Only decimal digits permitted in '4\\n' in '1.2.3.4\\n'");
    EXPECT_EQ(v4_message("1.2.3.0004"), "At most 3 characters permitted in '0004' in '1.2.3.0004'");
    EXPECT_EQ(v4_message("01.2.3.4"), "Leading zeros are not permitted in '01' in '01.2.3.4'");
    EXPECT_EQ(v4_message("1.2.3.256"), "Octet 256 (> 255) not permitted in '1.2.3.256'");
}

TEST(IPv6Address, errors_name_the_group) {
    EXPECT_EQ(v6_message(""), "Address cannot be empty");
    EXPECT_EQ(v6_message("1:2"), "At least 3 parts expected in '1:2'");
    EXPECT_EQ(v6_message("1:2:3:4:5:6:7:8:9:0"), "At most 8 colons permitted in '1:2:3:4:5:6:7:8:9:0'");
    EXPECT_EQ(v6_message("1::2::3"), "At most one '::' permitted in '1::2::3'");
    EXPECT_EQ(v6_message(":::"), "At most one '::' permitted in ':::'");
    EXPECT_EQ(v6_message("1:2:3:4::5:6:7:8"), "Expected at most 7 other parts with '::' in '1:2:3:4::5:6:7:8'");
    EXPECT_EQ(v6_message("1:2:3"), "Exactly 8 parts expected without '::' in '1:2:3'");
    EXPECT_EQ(v6_message(":2:3:4:5:6:7:8"), "Leading ':' only permitted as part of '::' in ':2:3:4:5:6:7:8'");
    EXPECT_EQ(v6_message("1:2:3:4:5:6:7:"), "Trailing ':' only permitted as part of '::' in '1:2:3:4:5:6:7:'");
    EXPECT_EQ(v6_message("1::g"), "Only hex digits permitted in 'g' in '1::g'");
    EXPECT_EQ(v6_message("1::12345"), "At most 4 characters permitted in '12345' in '1::12345'");
    EXPECT_EQ(v6_message("::1.2.3"), "Expected 4 octets in '1.2.3' in '::1.2.3'");
    EXPECT_EQ(v6_message("::1%"), "Invalid IPv6 address: \"'::1%'\"");
    EXPECT_EQ(v6_message("::1%a%b"), "Invalid IPv6 address: \"'::1%a%b'\"");
    EXPECT_EQ(v6_message("::1%0123456789abcdef"),
              "At most 15 bytes permitted in the zone '0123456789abcdef' in '::1%0123456789abcdef'");
}

// B001, B002: every text of one to four digits, at every place.
TEST(IPv4Address, every_octet_of_up_to_four_digits) {
    std::vector<std::string> octets;
    for (int width = 1; width <= 4; ++width)
        for (int value = 0, most = width == 1   ? 10
                                   : width == 2 ? 100
                                   : width == 3 ? 1000
                                                : 10000;
             value < most; ++value) {
            auto digits = std::to_string(value);
            octets.push_back(std::string(static_cast<std::size_t>(width) - digits.size(), '0') + digits);
        }
    ASSERT_EQ(octets.size(), 11110u);
    for (std::size_t place = 0; place < 4; ++place)
        for (const auto& octet : octets) {
            std::string text;
            for (std::size_t i = 0; i < 4; ++i) text += (i ? "." : "") + (i == place ? octet : "7");
            bool is_octet = octet == std::to_string(std::stoi(octet)) && std::stoi(octet) < 256;
            auto address = IPv4Address::parse(text);
            ASSERT_EQ(address.has_value(), is_octet) << text;
            if (address) {
                ASSERT_EQ(address->to_string(), text);
            }
        }
}

TEST(IPAddress, of_either_version) {
    EXPECT_EQ(ip_address("1.2.3.4").version(), 4);
    EXPECT_EQ(ip_address("::1").version(), 6);
    EXPECT_EQ(ip_address(0xffffffffu).to_string(), "255.255.255.255");
    EXPECT_EQ(ip_address(std::uint64_t{1} << 32).to_string(), "::1:0:0");
    EXPECT_THROW(ip_address(-1), ValueError);
    EXPECT_EQ(message_of<ValueError>([] { ip_address("camelot"); }),
              "'camelot' does not appear to be an IPv4 or IPv6 address: Expected 4 octets in 'camelot'");
    EXPECT_EQ(message_of<ValueError>([] { ip_network("10.0.0.0/33"); }),
              "'10.0.0.0/33' does not appear to be an IPv4 or IPv6 network: '33' is not a valid netmask");
    EXPECT_THROW(ip_address("1.2.3.4").v6(), TypeError);
    EXPECT_EQ(ip_address("1.2.3.4").v4(), IPv4Address("1.2.3.4"));
    EXPECT_LT(ip_address("255.255.255.255"), ip_address("::"));
}

TEST(IPAddress, numbers_and_bytes) {
    EXPECT_EQ(message_of<AddressValueError>([] { IPv4Address(-1); }), "-1 (< 0) is not permitted as an IPv4 address");
    EXPECT_EQ(message_of<AddressValueError>([] { IPv4Address(std::uint64_t{1} << 32); }),
              "4294967296 (>= 2**32) is not permitted as an IPv4 address");
    EXPECT_EQ(message_of<AddressValueError>([] { IPv6Address(~uint128{0}) + 1; }),
              "340282366920938463463374607431768211456 (>= 2**128) is not permitted as an IPv6 address");
    EXPECT_EQ(message_of<AddressValueError>([] { IPv4Address("0.0.0.3") - 4; }),
              "-1 (< 0) is not permitted as an IPv4 address");
    EXPECT_EQ(message_of<AddressValueError>([] { IPv4Address::from_packed("abc"); }),
              "b'abc' (len 3 != 4) is not permitted as an IPv4 address");
    EXPECT_EQ(IPv4Address::from_packed("\x01\x02\x03\x04"), IPv4Address("1.2.3.4"));
    EXPECT_EQ(IPv6Address::from_packed(IPv6Address("1:2::3").packed()), IPv6Address("1:2::3"));
    EXPECT_EQ(IPAddress::from_packed(IPv4Address("1.2.3.4").packed()).to_string(), "1.2.3.4");
    EXPECT_EQ(v4_int_to_packed(0x01020304), IPv4Address("1.2.3.4").packed());
    EXPECT_THROW(v4_int_to_packed(-1), ValueError);
    EXPECT_THROW(v6_int_to_packed(-1), ValueError);
    // The seed's example.
    auto address = ip_address("61.135.169.125");
    EXPECT_EQ(address.version(), 4);
    EXPECT_FALSE(address.is_private());
    EXPECT_EQ(static_cast<std::uint64_t>(address.to_int()), 1032300925u);
    EXPECT_EQ(address.format("x"), "3d87a97d");
    EXPECT_EQ(ip_address(1032300925), address);
}

TEST(IPAddress, text_forms) {
    IPv6Address address("2001:DB8:0:0:1:0:0:1%eth0");
    EXPECT_EQ(address.to_string(), "2001:db8::1:0:0:1%eth0");
    EXPECT_EQ(IPv6Address("2001:db8::1").exploded(), "2001:0db8:0000:0000:0000:0000:0000:0001");
    EXPECT_EQ(IPv6Address("::ffff:1.2.3.4").to_string(), "::ffff:102:304");
    EXPECT_EQ(IPv6Address("1:0:2:3:4:5:6:7").to_string(), "1:0:2:3:4:5:6:7");
    EXPECT_EQ(IPv4Address("127.0.0.1").reverse_pointer(), "1.0.0.127.in-addr.arpa");
    EXPECT_EQ(IPv6Address("2001:db8::1").reverse_pointer(),
              "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    char text[IPv6Address::max_text_size];
    EXPECT_EQ(std::string_view(text, address.to_chars(text)), address.to_string());
    std::ostringstream out;
    out << address << ' ' << ip_address("1.2.3.4") << ' ' << ip_network("10.0.0.0/8") << ' ' << ip_interface("::1/64");
    EXPECT_EQ(out.str(), "2001:db8::1:0:0:1%eth0 1.2.3.4 10.0.0.0/8 ::1/64");
}

TEST(IPAddress, format_specs) {
    IPv4Address four("1.2.3.42");
    EXPECT_EQ(four.format("b"), "00000001000000100000001100101010");
    EXPECT_EQ(four.format("n"), four.format("b"));
    EXPECT_EQ(four.format("#_X"), "0X0102_032A");
    EXPECT_EQ(four.format(""), "1.2.3.42");
    EXPECT_EQ(four.format("*>12s"), "****1.2.3.42");
    EXPECT_EQ(IPv6Address("::1").format("#_n"), "0x0000_0000_0000_0000_0000_0000_0000_0001");
    for (auto bad : {"d", "_#x", "#s", "xx", "=9s", "5", "99999999999s"})
        EXPECT_THROW(four.format(bad), ValueError) << bad;
}

TEST(IPAddress, equality_order_and_hashes) {
    EXPECT_NE(IPv6Address("fe80::1%a"), IPv6Address("fe80::1%b"));
    EXPECT_NE(IPv6Address("fe80::1"), IPv6Address("fe80::1%b"));
    EXPECT_LT(IPv6Address("fe80::1%a"), IPv6Address("fe80::1%b"));
    EXPECT_LT(IPv4Address("9.0.0.0"), IPv4Address("10.0.0.0"));
    EXPECT_NE(ip_address("0.0.0.1"), ip_address("::1"));
    EXPECT_NE(IPv4Interface("1.2.3.4/32"), IPv4Address("1.2.3.4"));
    EXPECT_LT(IPv4Address("9.2.3.4"), IPv4Interface("1.2.3.4/24"));
    EXPECT_EQ(std::hash<IPv6Address>{}(IPv6Address("::1")), std::hash<IPv6Address>{}(IPv6Address("0::1")));
    std::unordered_set<IPNetwork> set{ip_network("10.0.0.0/8"), ip_network("10.0.0.0/255.0.0.0"), ip_network("::/0")};
    EXPECT_EQ(set.size(), 2u);
}

// B003: an interface's hash was the same for all of a network's, so that a table became a list.
TEST(IPAddress, hashes_spread) {
    std::unordered_set<std::size_t> four, six, low;
    for (int i = 0; i < 10000; ++i) {
        four.insert(std::hash<IPv4Interface>{}(IPv4Interface(IPv4Address(i), 24)));
        six.insert(std::hash<IPv6Interface>{}(IPv6Interface(IPv6Address(static_cast<uint128>(i) << 64), 64)));
        low.insert(std::hash<IPv6Address>{}(IPv6Address(static_cast<uint128>(i) << 100)) % 16384);
    }
    EXPECT_GT(four.size(), 9990u);
    EXPECT_GT(six.size(), 9990u);
    EXPECT_GT(low.size(), 6000u);  // of 10000 balls in 16384 boxes, 7500 lie alone or first
}

TEST(IPAddress, arithmetic_loses_the_zone) {
    EXPECT_EQ((IPv6Address("fe80::1%eth0") + 1).to_string(), "fe80::2");
    EXPECT_EQ(IPv4Interface("1.2.3.4/24") + 1, IPv4Interface("1.2.3.5/32"));
    EXPECT_EQ(ip_address("1.2.3.4") - 4, ip_address("1.2.3.0"));
}

TEST(IPAddress, zones) {
    EXPECT_EQ(IPv6Address("fe80::1%0123456789abcde").scope_id().to_string(), "0123456789abcde");
    EXPECT_FALSE(IPv6Address::parse(std::string_view("fe80::1%a\0b", 11)));
    EXPECT_THROW(ScopeId(""), AddressValueError);
    EXPECT_TRUE(IPv6Address("::1").scope_id().empty());
}

TEST(IPAddress, socket_addresses) {
    auto host = host_of(Address::ip("fe80::1%7", 80));
    ASSERT_TRUE(host);
    EXPECT_EQ(host->to_string(), "fe80::1%7");
    EXPECT_EQ(socket_address(*host, 80), Address::ip("fe80::1%7", 80));
    EXPECT_EQ(socket_address(ip_address("10.0.0.1"), 80), Address::ip("10.0.0.1", 80));
    EXPECT_EQ(host_of(Address::ip("10.0.0.1", 80)), ip_address("10.0.0.1"));
    EXPECT_EQ(host_of(Address::unix_path("/x")), std::nullopt);
    EXPECT_THROW(socket_address(ip_address("fe80::1%eth0"), 80), ValueError);
    EXPECT_THROW(socket_address(ip_address("10.0.0.1"), 70000), OverflowError);
}

// Whatever the length, a text costs linear time: sixteen times the text, and not two hundred times the work.
TEST(IPAddress, long_texts_are_refused_without_harm) {
    for (const auto& piece : {"1.", ":", "1:", "0", "::", "/", "%", "f"}) {
        std::string text;
        while (text.size() < 1'000'000) text += piece;
        EXPECT_FALSE(IPAddress::parse(text));
        EXPECT_FALSE(IPNetwork::parse(text));
        EXPECT_FALSE(IPNetwork::parse("1.2.3.4/" + text));
        auto message = message_of<ValueError>([&] { ip_network(text); });
        EXPECT_LT(message.size(), 1500u);
    }
}

}  // namespace
}  // namespace bight::ipaddress

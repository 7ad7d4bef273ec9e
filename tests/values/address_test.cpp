// SPDX-License-Identifier: BSL-1.0
#include <bight/address.h>

#include <bight/error.h>

#include "support/descriptors.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <unordered_set>

namespace bight {
namespace {

TEST(Address, ipv4) {
    auto address = Address::ip("10.0.0.7", 443);
    EXPECT_EQ(address.family(), Family::inet);
    EXPECT_EQ(address.host(), "10.0.0.7");
    EXPECT_EQ(address.port(), 443);
    EXPECT_EQ(address.to_string(), "10.0.0.7:443");
    EXPECT_EQ(address.sockaddr().size(), 16u);
}

TEST(Address, ipv6_with_scope_and_flow) {
    auto address = Address::inet6("fe80::1", 80, 0xfffff, 3);
    EXPECT_EQ(address.host(), "fe80::1%3");
    EXPECT_EQ(address.flow_info(), 0xfffffu);
    EXPECT_EQ(address.scope_id(), 3u);
    EXPECT_EQ(address.to_string(), "[fe80::1%3]:80");
    EXPECT_EQ(Address::ip("fe80::1%3", 80).scope_id(), 3u);
    EXPECT_THROW(Address::inet6("::1", 80, 0x100000, 0), OverflowError);
    EXPECT_THROW(Address::inet6("127.0.0.1", 80, 0, 0), ValueError);
}

TEST(Address, ports_out_of_range_are_overflows) {
    EXPECT_THROW(Address::ip("127.0.0.1", -1), OverflowError);
    EXPECT_THROW(Address::ip("127.0.0.1", 65536), OverflowError);
    EXPECT_EQ(Address::ip("127.0.0.1", 65535).port(), 65535);
}

// B001, B002, B008: octal octets, junk behind the text.
TEST(Address, text_is_strict) {
    for (auto bad : {"",
                     "1",
                     "1.2.3",
                     "1.2.3.4.5",
                     "1.2.3.256",
                     "01.2.3.4",
                     "00.0.0.0",
                     "1.2.3.4 ",
                     " 1.2.3.4",
                     "127.0.0.1 evil",
                     "0x7f.0.0.1",
                     "1.2.3.-4",
                     "+1.2.3.4",
                     "1.2.3.4\n",
                     ":",
                     ":::",
                     "1:2:3:4:5:6:7",
                     "1:2:3:4:5:6:7:8:9",
                     "1::2::3",
                     "12345::",
                     "::1%",
                     "::1%eth0",
                     "::1%-1",
                     "::1.2.3",
                     "::1.2.3.256",
                     "1.2.3.4::",
                     "::g",
                     "1:2:3:4:5:6:7:8::",
                     "::1:2:3:4:5:6:7:8",
                     "localhost"})
        EXPECT_THROW(Address::ip(bad, 1), ValueError) << bad;
    EXPECT_THROW(Address::ip(std::string_view("1.2.3.4\0", 8), 1), ValueError);
}

TEST(Address, ipv6_text_is_shortened_as_rfc_5952_says) {
    auto shortened = [](const char* text) { return Address::ip(text, 0).host(); };
    EXPECT_EQ(shortened("0:0:0:0:0:0:0:0"), "::");
    EXPECT_EQ(shortened("0:0:0:0:0:0:0:1"), "::1");
    EXPECT_EQ(shortened("1:0:0:0:0:0:0:0"), "1::");
    EXPECT_EQ(shortened("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
    EXPECT_EQ(shortened("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");
    EXPECT_EQ(shortened("::FFFF:1.2.3.4"), "::ffff:1.2.3.4");
    EXPECT_EQ(shortened("2002:ac10:10a:1234:21e:52ff:fe74:40e"), "2002:ac10:10a:1234:21e:52ff:fe74:40e");
}

TEST(Address, agrees_with_cpython_on_random_text) {
    std::size_t accepted = 0, refused = 0;
    for (const auto& line : testing::oracle("tests/values/address_oracle.py", {"1", "30000"})) {
        auto tab = line.find('\t');
        auto text = testing::unhex(line.substr(0, tab));
        auto verdict = line.substr(tab + 1);
        try {
            EXPECT_EQ(Address::ip(text, 7).host(), verdict) << text;
            ++accepted;
        } catch (const ValueError&) {
            EXPECT_EQ(verdict, "refused") << text;
            ++refused;
        }
    }
    EXPECT_EQ(accepted + refused, 30000u);
    EXPECT_GT(accepted, 5000u);
    EXPECT_GT(refused, 5000u);
}

// B058: lengths around the end of sun_path, NULs in abstract names.
TEST(Address, unix_paths_of_every_length) {
    for (std::size_t length = 1; length <= 107; ++length) {
        std::string path(length, 'p');
        auto address = Address::unix_path(path);
        EXPECT_EQ(address.path(), path);
        EXPECT_EQ(address.sockaddr().size(), 2 + length + 1);
        auto name = Address::abstract_name(path);
        EXPECT_EQ(name.path(), '\0' + path);
        EXPECT_EQ(name.sockaddr().size(), 2 + 1 + length);
    }
    for (std::size_t length : {108u, 109u, 200u}) {
        try {
            Address::unix_path(std::string(length, 'p'));
            ADD_FAILURE() << length;
        } catch (const OSError& error) {
            EXPECT_EQ(error.errnum(), ENAMETOOLONG);
        }
        EXPECT_THROW(Address::abstract_name(std::string(length, 'p')), OSError);
    }
    EXPECT_EQ(Address::abstract_name("a\0b").path(), std::string("\0a\0b", 4));
    EXPECT_THROW(Address::unix_path("a\0b"), ValueError);
    EXPECT_THROW(Address::unix_path(""), ValueError);
    EXPECT_EQ(Address::unix_path("/run/\xff\xfe").path(), "/run/\xff\xfe");
}

TEST(Address, unix_text) {
    EXPECT_EQ(Address::unix_path("/run/x").to_string(), "/run/x");
    EXPECT_EQ(Address::abstract_name("x").to_string(), "@x");
    EXPECT_EQ(Address::unnamed().path(), "");
    EXPECT_EQ(Address::unnamed().sockaddr().size(), 2u);
}

TEST(Address, parse_reads_what_to_string_writes) {
    for (auto text : {"10.0.0.1:80", "[::1]:80", "[fe80::1%7]:65535", "/run/x", "@abstract", "@"})
        EXPECT_EQ(Address::parse(text).to_string(), text);
    for (auto bad :
         {"", "10.0.0.1", "::1:80", "[::1]", "[::1]80", "[1.2.3.4]:80", "host:80", ":80", "1.2.3.4:", "1.2.3.4:x"})
        EXPECT_THROW(Address::parse(bad), ValueError) << bad;
    EXPECT_THROW(Address::parse("1.2.3.4:65536"), OverflowError);
    EXPECT_THROW(Address::parse("1.2.3.4:99999999999"), ValueError);
}

TEST(Address, text_is_never_ambiguous) {
    auto odd = Address::unix_path("@x");  // a file, and not the abstract name
    EXPECT_EQ(odd.to_string(), "./@x");
    EXPECT_EQ(Address::parse(odd.to_string()).family(), Family::unix_domain);
    EXPECT_EQ(Address::parse("./@x").path(), "./@x");
    EXPECT_EQ(HostPort("fe80::1%lo", 80).to_string(), "[fe80::1%lo]:80");
    EXPECT_EQ(HostPort::parse("[fe80::1%lo]:80").host(), "fe80::1%lo");
}

TEST(Address, compares_by_value_and_orders_by_host) {
    EXPECT_EQ(Address::ip("1.2.3.4", 5), Address::ip("1.2.3.4", 5));
    EXPECT_NE(Address::ip("1.2.3.4", 5), Address::ip("1.2.3.4", 6));
    EXPECT_LT(Address::ip("1.2.3.4", 900), Address::ip("1.2.3.5", 1));
    EXPECT_LT(Address::ip("9.0.0.0", 1), Address::ip("::", 1));
    std::unordered_set<Address> set{Address::ip("::1", 1), Address::ip("::1", 1), Address::ip("::1", 2)};
    EXPECT_EQ(set.size(), 2u);
    static_assert(std::is_trivially_copyable_v<Address>);
}

TEST(Address, loopback_and_any) {
    for (auto text : {"127.0.0.1", "127.255.0.3", "::1", "::ffff:127.0.0.1"})
        EXPECT_TRUE(Address::ip(text, 1).is_loopback());
    for (auto text : {"128.0.0.1", "::2", "::ffff:10.0.0.1", "0.0.0.0"})
        EXPECT_FALSE(Address::ip(text, 1).is_loopback());
    EXPECT_TRUE(Address::unix_path("/x").is_loopback());
    EXPECT_TRUE(Address::ip("0.0.0.0", 1).is_any());
    EXPECT_TRUE(Address::ip("::", 1).is_any());
    EXPECT_FALSE(Address::ip("::1", 1).is_any());
}

TEST(Address, any_sockaddr_is_kept) {
    std::string raw = std::string("\x10\0", 2) + std::string(10, 'n');
    auto address = Address::from_sockaddr(raw);
    EXPECT_EQ(address.family(), Family::netlink);
    EXPECT_EQ(address.sockaddr(), raw);
    EXPECT_THROW(Address::from_sockaddr("x"), ValueError);
    EXPECT_THROW(Address::from_sockaddr(std::string(129, 'x')), ValueError);
    EXPECT_EQ(Address::from_sockaddr(std::string_view("\x02\0", 2)).host(), "0.0.0.0");  // shorter than its struct
}

TEST(Address, with_port) {
    EXPECT_EQ(Address::ip("1.2.3.4", 5).with_port(6), Address::ip("1.2.3.4", 6));
    EXPECT_THROW(Address::unix_path("/x").with_port(1), ValueError);
    EXPECT_THROW(Address::ip("1.2.3.4", 5).with_port(70000), OverflowError);
}

TEST(HostPort, numbers_need_no_resolver) {
    EXPECT_NE(HostPort("127.0.0.1", 1).address(), nullptr);
    EXPECT_NE(HostPort("::1", 1).address(), nullptr);
    EXPECT_EQ(HostPort("localhost", 1).address(), nullptr);
    EXPECT_EQ(HostPort("", 1).address(), nullptr);
    EXPECT_EQ(HostPort("fe80::1%eth0", 1).address(), nullptr);  // the interface's number is the system's to know
    EXPECT_EQ(HostPort(Address::unix_path("/x")).to_string(), "/x");
}

// B009, B013: never cut short, never with a NUL.
TEST(HostPort, impossible_hosts_are_refused) {
    for (std::size_t length : {254u, 255u, 256u, 257u, 1024u, 65536u})
        EXPECT_THROW(HostPort(std::string(length, 'a'), 1), ValueError) << length;
    std::string label(63, 'a'), longest = label + '.' + label + '.' + label + '.' + label.substr(0, 61);
    EXPECT_EQ(HostPort(longest, 1).host().size(), 253u);
    EXPECT_THROW(HostPort(longest + 'a', 1), ValueError);
    for (auto host : {label + 'a', "x." + label + "a.x", std::string("."), std::string("a..b"), std::string(".a")})
        EXPECT_THROW(HostPort(host, 1), ValueError) << host;
    EXPECT_NO_THROW(HostPort(label + '.', 1));
    EXPECT_THROW(HostPort(std::string_view("a\0b", 3), 1), ValueError);
    EXPECT_THROW(HostPort("a", 65536), OverflowError);
    EXPECT_THROW(HostPort("a", -1), OverflowError);
}

}  // namespace
}  // namespace bight

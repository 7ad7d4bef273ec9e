// SPDX-License-Identifier: BSL-1.0
#include <bight/ipaddress/dial_policy.h>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace bight::ipaddress;
using namespace bight::literals;

TEST(DialPolicy, LetsOnlyPublicAddressesPass) {
    auto policy = DialPolicy::public_only();
    for (auto text : {"8.8.8.8", "192.31.196.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"})
        EXPECT_TRUE(policy.judge(IPAddress(text))) << text;
    for (auto text : {"0.0.0.0",   "10.0.0.1",    "100.64.0.1",  "127.0.0.1",    "169.254.169.254", "172.31.255.255",
                      "192.0.2.1", "192.168.1.1", "198.18.0.1",  "224.0.0.1",    "240.0.0.1",       "255.255.255.255",
                      "::",        "::1",         "fe80::1",     "fe80::1%eth0", "fc00::1",         "fd00:ec2::254",
                      "fec0::1",   "ff02::1",     "2001:db8::1", "64:ff9b:1::1", "100::1",          "::127.0.0.1"})
        EXPECT_FALSE(policy.judge(IPAddress(text))) << text;
}

TEST(DialPolicy, LooksThroughAddressesThatHoldIPv4) {
    auto policy = DialPolicy::public_only().allow({"2002::/16"_net, "2001::/32"_net}, "tunnels");
    for (auto text : {"::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1", "2001:0:808:808::f5ff:fffe"}) {
        auto verdict = policy.judge(IPAddress(text));
        EXPECT_FALSE(verdict) << text;
        EXPECT_EQ(verdict.address, "10.0.0.1"_ip) << text;
    }
    EXPECT_EQ(policy.judge("2002:808:808::1"_ip).to_string(), "2002:808:808::1 allowed: tunnels");
    EXPECT_FALSE(DialPolicy::allow_all().deny({"10.0.0.0/8"_net}, "inside").judge("2002:a00:1::1"_ip));
    EXPECT_TRUE(DialPolicy::deny_all().allow({"10.0.0.0/8"_net}, "inside").judge("::ffff:10.0.0.1"_ip));
    EXPECT_FALSE(DialPolicy::deny_all().allow({"10.0.0.0/8"_net}, "inside").judge("2002:a00:1::1"_ip));
}

TEST(DialPolicy, TellsTheRuleAndTheRow) {
    auto verdict = DialPolicy::public_only().judge("10.0.0.1"_ip);
    EXPECT_EQ(verdict.to_string(), "10.0.0.1 denied: Private-Use (RFC 1918)");
    ASSERT_NE(verdict.row, nullptr);
    EXPECT_EQ(verdict.row->network, "10.0.0.0/8"_net);
    EXPECT_EQ(DialPolicy::public_only().judge("224.0.0.1"_ip).reason, "multicast");
    EXPECT_EQ(DialPolicy::public_only().judge("8.8.8.8"_ip).to_string(), "8.8.8.8 allowed: public");
}

TEST(DialPolicy, AsksTheRulesInOrder) {
    DialPolicy policy = DialPolicy::allow_all();
    policy.deny({"10.1.2.0/24"_net}, "first");
    policy.allow({"10.1.0.0/16"_net}, "second").deny({"10.0.0.0/8"_net}, "third");
    EXPECT_EQ(policy.judge("10.1.2.3"_ip).reason, "first");
    EXPECT_EQ(policy.judge("10.1.3.3"_ip).reason, "second");
    EXPECT_EQ(policy.judge("10.2.0.0"_ip).reason, "third");
    EXPECT_EQ(policy.judge("11.0.0.0"_ip).reason, "no rule denies it");
}

TEST(DialPolicy, IsAskedAboutTheAddressOfASocket) {
    auto policy = DialPolicy::public_only().allow({"10.7.0.0/16"_net}, "our own");
    EXPECT_TRUE(policy.judge(bight::Address::ip("8.8.8.8", 443)));
    EXPECT_TRUE(policy.judge(bight::Address::ip("10.7.0.1", 3128)));
    EXPECT_FALSE(policy.judge(bight::Address::ip("fe80::1%3", 80)));
    EXPECT_FALSE(policy.judge(bight::Address::ip("::ffff:127.0.0.1", 80)));
    EXPECT_FALSE(policy.judge(bight::Address::unix_path("/run/x")));
    EXPECT_FALSE(DialPolicy::allow_all().judge(bight::Address()));
}

TEST(DialPolicy, SeesEveryFormThatHoldsIPv4) {
    auto policy = DialPolicy::allow_all().deny({"10.0.0.0/8"_net}, "inside");
    for (auto text : {"::ffff:10.0.0.1", "::10.0.0.1", "::ffff:0:10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::",
                      "64:ff9b:1::10.0.0.1", "64:ff9b:1:a00:0:100::", "64:ff9b:1:a:0:1::", "64:ff9b:1:0:a:0:100:0",
                      "2606:4700::5efe:a00:1", "2606:4700::200:5efe:a00:1", "fe80::5efe:10.0.0.1",
                      "2001:0:a00:1::", "2001:0:808:808::f5ff:fffe"}) {
        auto verdict = policy.judge(IPAddress(text));
        EXPECT_FALSE(verdict) << text;
        EXPECT_EQ(verdict.address, "10.0.0.1"_ip) << text;
    }
    EXPECT_TRUE(policy.judge("2606:4700::5efe:b00:1"_ip));
    EXPECT_FALSE(DialPolicy::public_only().judge("2606:4700::5efe:a00:1"_ip));
    EXPECT_FALSE(is_public("2606:4700::5efe:a00:1"_ip));
}

TEST(DialPolicy, IsToldOfTheNetworksOwnTranslator) {
    using namespace std::string_view_literals;
    // RFC 6052, section 2.4
    std::pair<std::string_view, std::string_view> examples[] = {
        {"2001:db8::/32", "2001:db8:c000:221::"},
        {"2001:db8:100::/40", "2001:db8:1c0:2:21::"},
        {"2001:db8:122::/48", "2001:db8:122:c000:2:2100::"},
        {"2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"},
        {"2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"},
        {"2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"}};
    for (auto [prefix, address] : examples) {
        auto policy = DialPolicy::allow_all().deny({"192.0.2.33"_ip}, "inside").nat64_prefix(IPv6Network(prefix));
        EXPECT_EQ(policy.judge(IPAddress(address)).to_string(), "192.0.2.33 denied: inside") << prefix;
    }
    for (auto prefix : {"2001:db8::/33"_net, "2001:db8::/72"_net, "10.0.0.0/32"_net})
        EXPECT_THROW(DialPolicy::allow_all().nat64_prefix(prefix), bight::ValueError);

    auto policy = DialPolicy::public_only().allow({"64:ff9b:1::/48"_net}, "our own");
    EXPECT_FALSE(policy.judge("64:ff9b:1::8.8.8.8"_ip));
    policy.nat64_prefix("64:ff9b:1::/96"_net);
    EXPECT_EQ(policy.judge("64:ff9b:1::8.8.8.8"_ip).to_string(), "64:ff9b:1::808:808 allowed: our own");
    EXPECT_FALSE(policy.judge("64:ff9b:1::10.0.0.1"_ip));
}

TEST(DialPolicy, AllowsByTheTranslatorWhatItAllowsDirectly) {
    auto policy = DialPolicy::public_only().allow({"10.7.0.0/16"_net}, "our own");
    for (auto text : {"10.7.0.1", "::ffff:10.7.0.1", "64:ff9b::10.7.0.1"})
        EXPECT_TRUE(policy.judge(IPAddress(text))) << text;
    EXPECT_FALSE(policy.judge("64:ff9b::10.8.0.1"_ip));
}

TEST(DialPolicy, HeedsRulesOnMappedAddresses) {
    auto policy = DialPolicy::allow_all().deny({"::ffff:10.0.0.0/104"_net}, "mapped");
    EXPECT_EQ(policy.judge("::ffff:10.0.0.1"_ip).to_string(), "::ffff:a00:1 denied: mapped");
    EXPECT_TRUE(policy.judge("10.0.0.1"_ip));
}

}  // namespace

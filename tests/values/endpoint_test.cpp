// SPDX-License-Identifier: BSL-1.0
#include <bight/endpoint.h>

#include <bight/error.h>

#include <gtest/gtest.h>

#include <optional>
#include <random>

namespace bight {
namespace {

TEST(Endpoint, every_scheme) {
    auto tcp = Endpoint::parse("tcp:example.org:80");
    EXPECT_EQ(tcp.scheme, Scheme::tcp);
    EXPECT_EQ(tcp.host, "example.org");
    EXPECT_EQ(tcp.port, 80);
    EXPECT_EQ(Endpoint::parse("udp:[::1]:53").host, "::1");
    EXPECT_EQ(Endpoint::parse("tls:h:443").scheme, Scheme::tls);
    EXPECT_EQ(Endpoint::parse("unix:/run/x").path, "/run/x");
    EXPECT_EQ(Endpoint::parse("unix:@abstract").path, "@abstract");
    EXPECT_EQ(Endpoint::parse("unixgram:/run/x").scheme, Scheme::unix_datagram);
    EXPECT_EQ(Endpoint::parse("fd:3").fd, 3);
    EXPECT_EQ(Endpoint::parse("systemd:web").path, "web");
    EXPECT_EQ(Endpoint::parse("stdio:").scheme, Scheme::stdio);
}

TEST(Endpoint, a_port_alone_and_a_bare_pair) {
    EXPECT_EQ(Endpoint::parse("tcp:8000").port, 8000);
    EXPECT_EQ(Endpoint::parse("tcp:8000").host, "");
    EXPECT_EQ(Endpoint::parse("localhost:80"), Endpoint::parse("tcp:localhost:80"));
    EXPECT_EQ(Endpoint::parse("[::1]:80"), Endpoint::parse("tcp:[::1]:80"));
    EXPECT_EQ(Endpoint::parse("tcp://h:80"), Endpoint::parse("tcp:h:80"));
    EXPECT_EQ(Endpoint::parse("unix:///run/x"), Endpoint::parse("unix:/run/x"));
}

TEST(Endpoint, options_follow_and_backslashes_guard_colons) {
    auto endpoint = Endpoint::parse(R"(unix:/run/a\:b:mode=600:note=x\:y)");
    EXPECT_EQ(endpoint.path, "/run/a:b");
    ASSERT_EQ(endpoint.options.size(), 2u);
    EXPECT_EQ(endpoint.options[1], (std::pair<std::string, std::string>("note", "x:y")));
    EXPECT_EQ(Endpoint::parse(endpoint.to_string()), endpoint);
    EXPECT_EQ(Endpoint::parse("tcp:80:interface=lo").options.front().second, "lo");
}

TEST(Endpoint, bad_text_is_refused_with_a_reason) {
    for (auto bad :
         {"", "tcp:", "tcp", "tcp:h", "tcp:h:", "tcp:h:x", "tcp:::1:80", "unix:", "fd:x", "fd:-1", "stdio:x",
          "tcp:h:80:mode", "tcp:h:80:=x", "nothing", "tcp:[::1:80", "http:h:x", "tcp:a b:80", "tcp:////h:80"})
        EXPECT_THROW(Endpoint::parse(bad), ValueError) << bad;
    EXPECT_THROW(Endpoint::parse("tcp:h:65536"), OverflowError);
    EXPECT_THROW(Endpoint::parse(std::string_view("tcp:a\0b:80", 10)), ValueError);
}

TEST(Endpoint, where) {
    EXPECT_EQ(Endpoint::parse("unix:@x").where().address()->path(), std::string("\0x", 2));
    EXPECT_EQ(Endpoint::parse("tcp:127.0.0.1:80").where().to_string(), "127.0.0.1:80");
    EXPECT_THROW(Endpoint::parse("fd:3").where(), ValueError);
    EXPECT_EQ(Endpoint::of(Scheme::tcp, Address::ip("::1", 8)).to_string(), "tcp:[::1]:8");
    EXPECT_EQ(Endpoint::of(Scheme::unix_stream, Address::abstract_name("x")).to_string(), "unix:@x");
}

TEST(Endpoint, paths_keep_their_slashes) {
    for (auto path : {"/x", "//x", "///x", "/a//b", "x", "./@x"}) {
        Endpoint endpoint;
        endpoint.scheme = Scheme::unix_stream;
        endpoint.path = path;
        EXPECT_EQ(Endpoint::parse(endpoint.to_string()), endpoint) << endpoint.to_string();
    }
    EXPECT_EQ(Endpoint::of(Scheme::unix_stream, Address::unix_path("@x")).where().address()->path(), "./@x");
}

TEST(Endpoint, whatever_is_accepted_survives_a_round_trip) {
    std::mt19937 random(7);
    const std::string pieces[] = {"tcp", "udp", "unix", "fd", "stdio", ":",  ":",   ":",  "[",
                                  "]",   "::1", "80",   "/p", "@",     "\\", "a=b", "//", "x"};
    int accepted = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string text;
        for (auto left = random() % 8; left > 0; --left) text += pieces[random() % std::size(pieces)];
        std::optional<Endpoint> endpoint;
        try {
            endpoint = Endpoint::parse(text);
        } catch (const ValueError&) {
        } catch (const OverflowError&) {}
        if (!endpoint) continue;
        EXPECT_EQ(Endpoint::parse(endpoint->to_string()), *endpoint) << text << " -> " << endpoint->to_string();
        ++accepted;
    }
    EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace bight

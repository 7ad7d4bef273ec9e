// SPDX-License-Identifier: BSL-1.0
// Text and bytes of addresses, against CPython's functions.

#include <bight/address.h>
#include <bight/error.h>
#include <bight/inet.h>

#include "support/descriptors.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <sstream>

#include <netinet/in.h>
#include <sys/socket.h>

namespace bight::socket {
namespace {

std::string hex(Bytes bytes) {
    constexpr const char* digits = "0123456789abcdef";
    std::string text;
    for (auto byte : bytes) text += {digits[std::to_integer<int>(byte) >> 4], digits[std::to_integer<int>(byte) & 15]};
    return text;
}

template <class Function>
std::string answer(Function function) {
    try {
        return function();
    } catch (const OSError& error) {
        return "!OSError " + std::to_string(error.errnum());
    } catch (const ValueError&) {
        return "!ValueError 0";
    }
}

struct Line {
    std::string kind, data, first, second, third;
};

std::istream& operator>>(std::istream& in, Line& line) {
    for (auto* field : {&line.kind, &line.data, &line.first, &line.second}) std::getline(in, *field, '\t');
    return std::getline(in, line.third);
}

TEST(Inet, random_text_and_bytes_as_in_cpython) {
    int texts = 0, accepted = 0;
    for (auto& row : testing::oracle("tests/blocking/netdb_oracle.py", {"text", "20261", "60000"})) {
        Line line;
        std::istringstream(row) >> line;
        auto data = testing::unhex(line.data);
        if (line.kind == "text") {
            ++texts;
            accepted += line.first.front() != '!';
            ASSERT_EQ(answer([&] { return hex(inet_aton(data).bytes()); }), line.first) << data;
            ASSERT_EQ(answer([&] { return hex(inet_pton(AF_INET, data).bytes()); }), line.second) << data;
            ASSERT_EQ(answer([&] { return hex(inet_pton(AF_INET6, data).bytes()); }), line.third) << data;
        } else {
            ASSERT_EQ(answer([&] { return inet_ntoa(data); }), line.first) << row;
            ASSERT_EQ(answer([&] { return inet_ntop(AF_INET, data); }), line.second) << row;
            ASSERT_EQ(answer([&] { return inet_ntop(AF_INET6, data); }), line.third) << row;
        }
    }
    EXPECT_EQ(texts, 60000);
    EXPECT_GT(accepted, 10000);
    EXPECT_LT(accepted, 50000);
}

TEST(Inet, the_seeds_figures) {  // seeds 11 and 12
    EXPECT_EQ(hex(inet_aton("192.168.1.1").bytes()), "c0a80101");
    EXPECT_EQ(hex(inet_aton("127.0.0.1").bytes()), "7f000001");
    EXPECT_EQ(hex(inet_aton("222.76.216.16").bytes()), "de4cd810");
    EXPECT_EQ(inet_ntoa(inet_aton("222.76.216.16").bytes()), "222.76.216.16");
    EXPECT_EQ(hex(inet_pton(AF_INET6, "2002:ac10:10a:1234:21e:52ff:fe74:40e").bytes()),
              "2002ac10010a1234021e52fffe74040e");
    EXPECT_EQ(inet_ntop(AF_INET6, inet_pton(AF_INET6, "2002:ac10:10a:1234:21e:52ff:fe74:40e").bytes()),
              "2002:ac10:10a:1234:21e:52ff:fe74:40e");
}

TEST(Inet, loose_forms_are_of_one_function_only) {  // B001, B008
    EXPECT_EQ(hex(inet_aton("127.1").bytes()), "7f000001");
    EXPECT_EQ(hex(inet_aton("0177.0.0.1").bytes()), "7f000001");
    EXPECT_EQ(hex(inet_aton("127.0.0.1 evil").bytes()), "7f000001");
    for (const char* text :
         {"127.1", "0177.0.0.1", "127.0.0.1 evil", "0x7f.1", "2130706433", "127.0.0.1\n", "00.0.0.0"}) {
        EXPECT_THROW(inet_pton(AF_INET, text), OSError) << text;
        EXPECT_THROW(Address::ip(text, 0), ValueError) << text;
    }
}

TEST(Inet, what_is_refused) {
    EXPECT_THROW(inet_aton(""), OSError);
    EXPECT_THROW(inet_aton(std::string_view("1.2.3.4\0", 8)), ValueError);
    EXPECT_THROW(inet_pton(AF_INET, std::string_view("1.2.3.4\0", 8)), ValueError);
    try {
        inet_ntoa("123");
        FAIL();
    } catch (const OSError& error) {
        EXPECT_STREQ(error.what(), "packed IP wrong length for inet_ntoa");  // CPython's words
    }
    EXPECT_THROW(inet_ntop(AF_INET, "12345"), ValueError);
    EXPECT_THROW(inet_ntop(AF_UNIX, "1234"), ValueError);
    try {
        inet_pton(AF_UNIX, "x");
        FAIL();
    } catch (const OSError& error) {
        EXPECT_EQ(error.errnum(), EAFNOSUPPORT);
    }
}

// Seed 15: glibc's functions, for socket.h brings them.
TEST(Inet, byte_order_is_the_platforms) {
    EXPECT_EQ(htons(20000), 8270);
    EXPECT_EQ(htonl(20000), 541982720u);
    EXPECT_EQ(ntohs(8270), 20000);
    EXPECT_EQ(ntohl(541982720), 20000u);
}

}  // namespace
}  // namespace bight::socket

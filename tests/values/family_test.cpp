// SPDX-License-Identifier: BSL-1.0
#include <bight/family.h>

#include <gtest/gtest.h>

#include <sstream>

#include <sys/socket.h>

namespace bight {
namespace {

TEST(Family, the_platforms_constants_are_the_same_values) {
    EXPECT_EQ(Family(AF_INET6), Family::inet6);
    EXPECT_EQ(Kind(SOCK_DGRAM), Kind::datagram);
}

TEST(Family, prints_the_platforms_name) {
    std::ostringstream out;
    out << Family::inet << ' ' << Family::unix_domain << ' ' << Kind::stream << ' ' << Family(132) << ' ' << Kind(77);
    EXPECT_EQ(out.str(), "AF_INET AF_UNIX SOCK_STREAM 132 77");
}

}  // namespace
}  // namespace bight

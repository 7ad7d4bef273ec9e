// SPDX-License-Identifier: BSL-1.0
#include <bight/error.h>
#include <bight/interfaces.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

namespace bight::socket {
namespace {

TEST(Interfaces, each_name_has_its_index_and_back) {
    auto all = if_nameindex();
    ASSERT_FALSE(all.empty());
    EXPECT_TRUE(std::ranges::any_of(all, [](auto& one) { return one.name == "lo"; }));
    for (auto& [index, name] : all) {
        EXPECT_EQ(if_nametoindex(name), index);
        EXPECT_EQ(if_indextoname(index), name);
    }
}

TEST(Interfaces, those_that_are_none_raise) {
    EXPECT_THROW(if_nametoindex("no-such"), OSError);
    EXPECT_THROW(if_nametoindex(""), OSError);
    EXPECT_THROW(if_nametoindex(std::string(1000, 'a')), OSError);
    EXPECT_THROW(if_nametoindex(std::string_view("lo\0x", 4)), ValueError);
    EXPECT_THROW(if_indextoname(-1), OverflowError);
    for (int index : {0, 0x7fffffff}) try {
            if_indextoname(index);
            FAIL();
        } catch (const OSError& error) {
            EXPECT_EQ(error.errnum(), ENXIO);
        }
}

}  // namespace
}  // namespace bight::socket

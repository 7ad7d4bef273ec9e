// SPDX-License-Identifier: BSL-1.0
#include "values/file_transfer/names.h"

#include <bight/printable.h>

#include "support/hostile_names.h"

#include <gtest/gtest.h>

namespace bight::file_transfer {
namespace {

// B116: names from a peer that lead elsewhere, overwrite what cannot be seen, or control a terminal.
TEST(Names, each_of_the_hostile_ones_is_refused) {
    auto names = testing::hostile_names();
    EXPECT_GE(names.size(), 300u);
    for (const auto& name : names) EXPECT_NE(fault_of_name(name), "") << printable(name);
}

TEST(Names, harmless_ones_are_taken) {
    for (const auto& name : testing::harmless_names()) EXPECT_EQ(fault_of_name(name), "") << name;
}

TEST(Names, the_fault_is_told) {
    EXPECT_EQ(fault_of_name(""), "it is empty");
    EXPECT_EQ(fault_of_name("../x"), "it leads to another folder");
    EXPECT_EQ(fault_of_name(".."), "it begins with a dot");
    EXPECT_EQ(fault_of_name("-rf"), "it begins with a hyphen");
    EXPECT_EQ(fault_of_name("x."), "it ends in a dot");
    EXPECT_EQ(fault_of_name(" x"), "it begins with a blank");
    EXPECT_EQ(fault_of_name("x "), "it ends in a blank");
    EXPECT_EQ(fault_of_name("a\nb"), "it holds a control character");
    EXPECT_EQ(fault_of_name("a\u202eb"), "it changes the direction of writing");
    EXPECT_EQ(fault_of_name("a\u200bb"), "it holds what cannot be seen");
    EXPECT_EQ(fault_of_name("a\xff"), "it is not in UTF-8");
    EXPECT_EQ(fault_of_name("NUL.txt"), "it is a device elsewhere");
    EXPECT_EQ(fault_of_name(std::string(256, 'x')), "it is too long");
}

}  // namespace
}  // namespace bight::file_transfer

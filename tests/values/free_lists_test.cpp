// SPDX-License-Identifier: BSL-1.0
#include <bight/free_lists.h>

#include <gtest/gtest.h>

#include <cstddef>
#include <new>

namespace bight::detail {
namespace {

constexpr std::size_t size = 32;

/// What it does not keep is freed.
template <class Lists>
void give(Lists& lists, std::size_t number, void* memory) {
    if (!lists.keep(number, memory)) ::operator delete(memory);
}

TEST(FreeLists, have_nothing_and_keep_nothing_before_they_are_open) {
    FreeLists<2> lists;
    EXPECT_TRUE(lists.is_unused());
    EXPECT_EQ(lists.take(0), nullptr);
    std::byte block[size];
    EXPECT_FALSE(lists.keep(0, block));
    lists.open([](std::size_t) { return std::size_t{1}; });
    EXPECT_FALSE(lists.is_unused());
    EXPECT_TRUE(lists.keep(0, block));
    EXPECT_EQ(lists.take(0), block);
}

TEST(FreeLists, give_first_what_came_last_and_of_its_class) {
    FreeLists<2> lists;
    lists.open([](std::size_t) { return std::size_t{4}; });
    std::byte small[2][size], large[2 * size];
    EXPECT_TRUE(lists.keep(0, small[0]) && lists.keep(1, large) && lists.keep(0, small[1]));
    EXPECT_EQ(lists.take(0), small[1]);
    EXPECT_EQ(lists.take(0), small[0]);
    EXPECT_EQ(lists.take(0), nullptr);
    EXPECT_EQ(lists.take(1), large);
}

TEST(FreeLists, keep_no_more_of_a_class_than_there_is_room_for) {
    FreeLists<2> lists;
    lists.open([](std::size_t number) { return number + 1; });
    std::byte blocks[3][size];
    EXPECT_TRUE(lists.keep(1, blocks[0]) && lists.keep(1, blocks[1]));
    EXPECT_FALSE(lists.keep(1, blocks[2]));
    EXPECT_EQ(lists.take(1), blocks[1]);
    EXPECT_TRUE(lists.keep(1, blocks[2]));  // there is room again
    EXPECT_TRUE(lists.keep(0, blocks[1]));
    EXPECT_FALSE(lists.keep(0, blocks[1]));
}

TEST(FreeLists, free_all_when_they_are_closed_and_keep_no_more) {
    FreeLists<1> lists;
    lists.open([](std::size_t) { return std::size_t{4}; });
    for (int i = 0; i < 3; ++i) give(lists, 0, ::operator new(size));
    lists.close();  // AddressSanitizer sees what it leaves
    EXPECT_EQ(lists.take(0), nullptr);
    std::byte block[size];
    EXPECT_FALSE(lists.keep(0, block));
    EXPECT_FALSE(lists.is_unused());
}

}  // namespace
}  // namespace bight::detail

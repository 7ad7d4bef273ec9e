// SPDX-License-Identifier: BSL-1.0
#include <bight/bytes.h>

#include <gtest/gtest.h>

#include <array>
#include <sstream>
#include <vector>

namespace bight {
namespace {

TEST(Bytes, a_literal_counts_all_its_characters_but_the_closing_nul) {
    Bytes bytes = "a\0b";
    EXPECT_EQ(bytes.size(), 3u);
    EXPECT_EQ(bytes[1], std::byte{0});
}

TEST(Bytes, comes_from_every_contiguous_range_of_bytes) {
    std::string text = "abc";
    std::vector<unsigned char> numbers{'a', 'b', 'c'};
    std::array<std::byte, 3> raw{std::byte{'a'}, std::byte{'b'}, std::byte{'c'}};
    std::span<char> window(text);
    EXPECT_EQ(Bytes(text), "abc");
    EXPECT_EQ(Bytes(std::string_view(text)), "abc");
    EXPECT_EQ(Bytes(numbers), "abc");
    EXPECT_EQ(Bytes(raw), "abc");
    EXPECT_EQ(Bytes(window), "abc");
}

TEST(Bytes, what_does_not_say_its_length_is_refused) {
    static_assert(!std::is_constructible_v<Bytes, const char*>);
    static_assert(!std::is_constructible_v<Bytes, char*>);
    static_assert(!std::is_constructible_v<Bytes, char(&)[8]>);
    static_assert(!std::is_constructible_v<Bytes, std::vector<int>>);
    static_assert(std::is_constructible_v<Bytes, const char(&)[8]>);
}

TEST(Bytes, slices_are_cut_to_what_there_is) {
    Bytes bytes = "hello";
    EXPECT_EQ(bytes.slice(1, 3), "ell");
    EXPECT_EQ(bytes.slice(3), "lo");
    EXPECT_EQ(bytes.slice(3, 100), "lo");
    EXPECT_TRUE(bytes.slice(9).empty());
}

TEST(Bytes, compares_and_prints_as_it_is) {
    EXPECT_LT(Bytes("abc"), Bytes("abd"));
    EXPECT_LT(Bytes("\x01"), Bytes("\xff"));
    std::ostringstream out;
    out << Bytes("x\0y");
    EXPECT_EQ(out.str(), std::string("x\0y", 3));
}

TEST(Bytes, empty_is_false) {
    EXPECT_FALSE(Bytes());
    EXPECT_FALSE(Bytes(""));
    EXPECT_TRUE(Bytes("x"));
}

}  // namespace
}  // namespace bight

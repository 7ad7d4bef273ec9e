// SPDX-License-Identifier: BSL-1.0
#include <bight/printable.h>

#include <gtest/gtest.h>

namespace bight {
namespace {

using namespace std::string_view_literals;

TEST(Printable, leaves_text_as_it_is) {
    EXPECT_EQ(printable(""), "");
    EXPECT_EQ(printable("one line, ~{} and \\x"), "one line, ~{} and \\x");
    EXPECT_EQ(printable("gr\u00fc\u00df \u65e5\u672c \U0001f600"), "gr\u00fc\u00df \u65e5\u672c \U0001f600");
    EXPECT_EQ(printable("\xff\xfe"), "\xff\xfe");  // no UTF-8, and no control either
}

TEST(Printable, writes_what_steers_a_terminal_as_numbers) {
    EXPECT_EQ(printable("a\0b\n\r\t\x1b[31m\x7f"sv), "a\\x00b\\x0a\\x0d\\x09\\x1b[31m\\x7f");
    EXPECT_EQ(printable("\u009b31m"), "\xc2\\x9b"
                                      "31m");              // CSI in one character
    EXPECT_EQ(printable("a\tb\n", "\t"), "a\tb\\x0a");     // what is kept
    EXPECT_EQ(printable("\u00a0\u00bf"), "\u00a0\u00bf");  // the first two behind C1's end
}

}  // namespace
}  // namespace bight

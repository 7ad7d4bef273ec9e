// SPDX-License-Identifier: BSL-1.0
#include <bight/printable.h>

namespace bight {

std::string printable(std::string_view text, std::string_view kept) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    unsigned char before = 0;
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        bool c1_in_utf8 = before == 0xc2 && byte >= 0x80 && byte < 0xa0;
        bool control = byte < 0x20 || byte == 0x7f || c1_in_utf8;
        if (!control || kept.find(c) != kept.npos) {
            out += c;
        } else {
            out += "\\x";
            out += digits[byte >> 4];
            out += digits[byte & 0xf];
        }
        before = byte;
    }
    return out;
}

}  // namespace bight

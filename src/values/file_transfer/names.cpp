// SPDX-License-Identifier: BSL-1.0
#include "values/file_transfer/names.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace bight::file_transfer {
namespace {

constexpr char32_t invalid = 0xffffffff;

/// Takes one character off the front; `invalid` for what no UTF-8 encoder writes (RFC 3629).
char32_t take_character(std::string_view& text) noexcept {
    auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
    unsigned char first = byte(0);
    std::size_t length = first < 0x80   ? 1
                         : first < 0xc2 ? 0
                         : first < 0xe0 ? 2
                         : first < 0xf0 ? 3
                         : first < 0xf5 ? 4
                                        : 0;
    if (length == 0 || length > text.size()) return invalid;
    char32_t character = length == 1 ? first : first & (0xffu >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return invalid;
        character = character << 6 | (byte(i) & 0x3fu);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    bool is_surrogate = character >= 0xd800 && character < 0xe000;
    if (character < least[length] || is_surrogate || character > 0x10ffff) return invalid;
    text.remove_prefix(length);
    return character;
}

struct Span {
    char32_t first, last;
};

bool is_in(char32_t character, std::initializer_list<Span> spans) noexcept {
    return std::ranges::any_of(spans, [=](Span span) { return character >= span.first && character <= span.last; });
}

bool is_control(char32_t character) noexcept { return is_in(character, {{0, 0x1f}, {0x7f, 0x9f}}); }

/// Marks, overrides and isolates of direction; separators of lines.
bool turns_text(char32_t character) noexcept {
    return is_in(character, {{0x061c, 0x061c}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x206f}});
}

/// Zero-width blanks, fillers, tags, annotations; what is no character at all. The joiners of Persian and of emoji are
/// not among them.
bool is_invisible(char32_t character) noexcept {
    return is_in(character, {{0x00ad, 0x00ad},
                             {0x034f, 0x034f},
                             {0x115f, 0x1160},
                             {0x17b4, 0x17b5},
                             {0x180b, 0x180f},
                             {0x200b, 0x200b},
                             {0x2060, 0x2065},
                             {0x3164, 0x3164},
                             {0xfeff, 0xfeff},
                             {0xfdd0, 0xfdef},
                             {0xffa0, 0xffa0},
                             {0xfff0, 0xfffb},
                             {0xe0000, 0xe0fff}}) ||
           (character & 0xfffe) == 0xfffe;
}

bool is_blank(char32_t character) noexcept {
    return is_in(character, {{' ', ' '},
                             {0xa0, 0xa0},
                             {0x1680, 0x1680},
                             {0x2000, 0x200a},
                             {0x202f, 0x202f},
                             {0x205f, 0x205f},
                             {0x3000, 0x3000}});
}

bool same_letters(std::string_view text, std::string_view lower) noexcept {
    return std::ranges::equal(text, lower, {},
                              [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
}

/// What Windows takes for a device in any folder, with any extension.
bool is_device(std::string_view name) noexcept {
    auto stem = name.substr(0, name.find('.'));
    stem = stem.substr(0, stem.find_last_not_of(' ') + 1);
    for (std::string_view device : {"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"})
        if (same_letters(stem, device)) return true;
    if (stem.size() < 4) return false;
    auto number = stem.substr(3);
    bool is_number = (number.size() == 1 && number[0] >= '0' && number[0] <= '9') || number == "\u00b9" ||
                     number == "\u00b2" || number == "\u00b3";
    return is_number && (same_letters(stem.substr(0, 3), "com") || same_letters(stem.substr(0, 3), "lpt"));
}

}  // namespace

std::string_view fault_of_name(std::string_view name) noexcept {
    if (name.empty()) return "it is empty";
    if (name.size() > longest_name) return "it is too long";
    if (name.find_first_of("/\\") != name.npos) return "it leads to another folder";
    if (name.front() == '.') return "it begins with a dot";
    if (name.front() == '-') return "it begins with a hyphen";
    if (name.back() == '.') return "it ends in a dot";
    char32_t last = 0;
    for (auto rest = name; !rest.empty();) {
        bool is_first = rest.size() == name.size();
        last = take_character(rest);
        if (last == invalid) return "it is not in UTF-8";
        if (is_control(last)) return "it holds a control character";
        if (turns_text(last)) return "it changes the direction of writing";
        if (is_invisible(last)) return "it holds what cannot be seen";
        if (is_first && is_blank(last)) return "it begins with a blank";
    }
    if (is_blank(last)) return "it ends in a blank";
    return is_device(name) ? "it is a device elsewhere" : "";
}

}  // namespace bight::file_transfer

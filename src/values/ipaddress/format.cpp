// SPDX-License-Identifier: BSL-1.0
#include "values/ipaddress/format.h"

#include "values/ipaddress/quote.h"

#include <bight/error.h>

#include <algorithm>

namespace bight::ipaddress {
namespace {

[[noreturn]] void raise_spec(std::string_view spec, const char* why) {
    throw ValueError("format spec " + quoted(spec) + ": " + why);
}

std::size_t characters_in(std::string_view utf8) {
    return static_cast<std::size_t>(std::ranges::count_if(utf8, [](char c) { return (c & 0xc0) != 0x80; }));
}

/// The first `count` characters.
std::string_view cut(std::string_view utf8, std::size_t count) {
    std::size_t at = 0;
    while (at < utf8.size() && ((utf8[at] & 0xc0) == 0x80 || count-- > 0)) ++at;
    return utf8.substr(0, at);
}

/// Takes a number off the front of `rest`; -1 where there is none.
int take_number(std::string_view& rest, std::string_view spec) {
    constexpr int most = 1'000'000;
    int number = -1;
    while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
        number = std::max(number, 0) * 10 + (rest.front() - '0');
        if (number > most) raise_spec(spec, "no address is a million characters wide");
        rest.remove_prefix(1);
    }
    return number;
}

}  // namespace

bool format_digits(std::string_view spec, uint128 value, int bits, std::string& out) {
    auto rest = spec;
    auto take = [&](char c) {
        if (!rest.starts_with(c)) return false;
        rest.remove_prefix(1);
        return true;
    };
    bool prefixed = take('#'), grouped = take('_');
    if (rest.size() != 1) return false;
    char kind = rest.front() == 'n' ? (bits == 32 ? 'b' : 'x') : rest.front();
    if (kind != 'b' && kind != 'x' && kind != 'X') return false;

    int step = kind == 'b' ? 1 : 4;
    const char* digits = kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    if (prefixed) (out += '0') += kind;
    for (int shift = bits - step; shift >= 0; shift -= step) {
        out += digits[static_cast<unsigned>(value >> shift) & ((1u << step) - 1)];
        if (grouped && shift != 0 && shift % (4 * step) == 0) out += '_';
    }
    return true;
}

std::string format_text(std::string_view spec, std::string text) {
    if (spec.empty()) return text;
    auto rest = spec;
    if (rest.back() != 's') raise_spec(spec, "want b, n, x, X or s at the end");
    rest.remove_suffix(1);

    std::string_view fill = " ";
    char align = '<';
    auto is_align = [](char c) { return c == '<' || c == '>' || c == '^'; };
    std::size_t first = std::min(rest.size(), cut(rest, 1).size());
    if (first < rest.size() && is_align(rest[first])) {
        fill = rest.substr(0, first);
        align = rest[first];
        rest.remove_prefix(first + 1);
    } else if (!rest.empty() && is_align(rest.front())) {
        align = rest.front();
        rest.remove_prefix(1);
    }
    if (rest.starts_with('0') && fill == " " && spec.front() != ' ') fill = "0";
    int width = take_number(rest, spec);
    if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        int precision = take_number(rest, spec);
        if (precision < 0) raise_spec(spec, "a number must follow the point");
        text = cut(text, static_cast<std::size_t>(precision));
    }
    if (!rest.empty()) raise_spec(spec, "want [[fill]align][width][.precision]s");

    auto size = characters_in(text);
    if (width < 0 || size >= static_cast<std::size_t>(width)) return text;
    std::size_t missing = static_cast<std::size_t>(width) - size;
    std::size_t left = align == '<' ? 0 : align == '>' ? missing : missing / 2;
    std::string out;
    for (std::size_t i = 0; i < left; ++i) out += fill;
    out += text;
    for (std::size_t i = left; i < missing; ++i) out += fill;
    return out;
}

}  // namespace bight::ipaddress

// SPDX-License-Identifier: BSL-1.0
/// The one parser of address text in this library, at compile time and at run time: it says yes or no, in one pass.
/// What is wrong with a text is found out afterwards, by explain.cpp.
#pragma once

#include <bight/ipaddress/number.h>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace bight::ipaddress::detail {

/// `Size` bytes as an integer, the first of them lowest.
template <class Word>
constexpr Word load(const char* bytes) noexcept {
    Word word = 0;
    if consteval {
        for (std::size_t i = 0; i < sizeof(Word); ++i)
            word |= static_cast<Word>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    } else {
        __builtin_memcpy(&word, bytes, sizeof word);
        if constexpr (std::endian::native == std::endian::big)
            word = sizeof(Word) == 8 ? static_cast<Word>(__builtin_bswap64(word))
                                     : static_cast<Word>(__builtin_bswap32(static_cast<std::uint32_t>(word)));
    }
    return word;
}

inline constexpr std::uint64_t every_byte = 0x0101010101010101;

/// A bit for each byte whose highest bit is set.
constexpr unsigned byte_mask(std::uint64_t word) noexcept {
    return static_cast<unsigned>((((word >> 7) & every_byte) * 0x0102040810204080) >> 56);
}

/// A bit for each byte that is '.'.
constexpr unsigned dots_in(std::uint64_t word) noexcept {
    constexpr std::uint64_t low_bits = 0x7f * every_byte;
    std::uint64_t rest = word ^ ('.' * every_byte);
    return byte_mask(~(((rest & low_bits) + low_bits) | rest));
}

/// A bit for each byte that is no decimal digit, of bytes that were XORed with '0'.
constexpr unsigned others_in(std::uint64_t digits) noexcept {
    return byte_mask(((digits & (0x7f * every_byte)) + 0x76 * every_byte) | digits);
}

/// The octet whose last digit is the last of four characters, of which `length`, 1 to 3, belong to it. What is no octet,
/// for its leading zero or its size, is above 255.
constexpr std::uint32_t octet_before(std::uint32_t characters, unsigned length) noexcept {
    std::uint32_t digits = (characters ^ ('0' * 0x01010101u)) >> (8 * (4 - length));
    std::uint32_t aligned = digits << (8 * (3 - length));
    std::uint32_t value = (aligned & 0xff) * 100 + (aligned >> 8 & 0xff) * 10 + (aligned >> 16);
    return value | (length > 1 && (digits & 0xff) == 0 ? 0x100u : 0u);
}

inline constexpr std::uint64_t not_ipv4 = ~std::uint64_t{0};

/// Four decimal octets without leading zeros, and nothing else. All octets are found at once, without a branch for each
/// character: what costs time in this parser's like is guessing wrong how long an octet is.
constexpr std::uint64_t parse_ipv4(const char* text, std::size_t size) noexcept {
    if (size < 7 || size > 15) return not_ipv4;
    std::uint64_t first, rest = 0;
    if (size >= 8) {
        first = load<std::uint64_t>(text);
        if (size > 8) rest = load<std::uint64_t>(text + size - 8) >> (8 * (16 - size));
    } else {
        first = load<std::uint32_t>(text) | static_cast<std::uint64_t>(load<std::uint32_t>(text + 3)) << 24;
    }
    unsigned dots = dots_in(first) | dots_in(rest) << 8;
    unsigned behind = 0xffffu << size & 0xffff;
    std::uint64_t digits_first = first ^ ('0' * every_byte), digits_rest = rest ^ ('0' * every_byte);
    if ((others_in(digits_first) | others_in(digits_rest) << 8) != (dots | behind)) return not_ipv4;
    // Three of them. (Not popcount: on the plainest of x86 that is a call.)
    unsigned after_one = dots & (dots - 1), after_two = after_one & (after_one - 1);
    if (after_two == 0 || (after_two & (after_two - 1)) != 0) return not_ipv4;
    auto a = static_cast<unsigned>(__builtin_ctz(dots)), b = static_cast<unsigned>(__builtin_ctz(after_one)),
         c = static_cast<unsigned>(__builtin_ctz(after_two));
    unsigned lengths[4] = {a, b - a - 1, c - b - 1, static_cast<unsigned>(size) - c - 1};
    if (lengths[0] - 1 > 2 || lengths[1] - 1 > 2 || lengths[2] - 1 > 2 || lengths[3] - 1 > 2) return not_ipv4;

    std::uint32_t w = octet_before(load<std::uint32_t>(text) << (8 * (4 - a)), a);
    std::uint32_t x = octet_before(static_cast<std::uint32_t>(first << 8 >> (8 * (b - 3))), b - a - 1);
    std::uint32_t y = octet_before(load<std::uint32_t>(text + c - 4), c - b - 1);
    std::uint32_t z = octet_before(load<std::uint32_t>(text + size - 4), static_cast<unsigned>(size) - c - 1);
    if ((w | x | y | z) > 255) return not_ipv4;
    return w << 24 | x << 16 | y << 8 | z;
}

/// What a character means in an IPv6 address: 0 to 15 for a digit, or one of these.
inline constexpr std::uint8_t is_colon = 16, is_dot = 17, is_end = 18, is_bad = 19;

struct CharacterTable {
    std::uint8_t kind[256];

    consteval CharacterTable() : kind{} {
        for (auto& each : kind) each = is_bad;
        for (int i = 0; i < 10; ++i) kind['0' + i] = static_cast<std::uint8_t>(i);
        for (int i = 0; i < 6; ++i) kind['a' + i] = kind['A' + i] = static_cast<std::uint8_t>(10 + i);
        kind[':'] = is_colon;
        kind['.'] = is_dot;
        kind['%'] = kind['/'] = is_end;
    }
};
inline constexpr CharacterTable characters;

/// An IPv6 address, and how many characters it took: up to the end of the text, a '%' or a '/'. No address: 0.
struct ParsedIPv6 {
    uint128 value = 0;
    std::size_t size = 0;
};

/// RFC 4291's text: groups, one "::" for at least one group of zeros, perhaps the last two groups dotted.
constexpr ParsedIPv6 parse_ipv6(const char* text, std::size_t size) noexcept {
    auto kind = [&](std::size_t at) -> unsigned {
        return at < size ? characters.kind[static_cast<unsigned char>(text[at])] : is_end;
    };
    uint128 head = 0, value = 0;
    int groups = 0, gap = -1;  // gap: how many groups stand before the "::"
    std::size_t at = 0;
    if (kind(0) == is_colon) {
        if (kind(1) != is_colon) return {};
        gap = 0;
        at = 2;
    }
    while (gap != groups || kind(at) != is_end) {
        std::size_t start = at;
        unsigned group = 0;
        unsigned next = kind(at);
        for (; next < is_colon; next = kind(++at)) group = group << 4 | next;
        if (next == is_dot) {
            while (kind(at) != is_end && at - start < 16) ++at;
            auto tail = parse_ipv4(text + start, at - start);
            if (tail == not_ipv4 || groups > 6) return {};
            value = value << 32 | tail;
            groups += 2;
            break;
        }
        if (at == start || at - start > 4 || groups == 8) return {};
        value = value << 16 | group;
        ++groups;
        if (next == is_end) break;
        if (next != is_colon || groups == 8) return {};
        if (kind(++at) == is_colon) {
            if (gap >= 0) return {};
            gap = groups;
            head = value;
            value = 0;
            ++at;
        }
    }
    if (gap < 0) return groups == 8 ? ParsedIPv6{value, at} : ParsedIPv6{};
    if (groups == 8) return {};
    if (gap > 0) value |= head << (16 * (8 - gap));
    return {value, at};
}

inline constexpr int not_a_prefix = -1;

/// All digits, at most `most`; leading zeros are decimal, as in CPython.
constexpr int parse_prefix(const char* text, std::size_t size, int most) noexcept {
    if (size == 0) return not_a_prefix;
    int value = 0;
    for (std::size_t i = 0; i < size; ++i) {
        if (text[i] < '0' || text[i] > '9') return not_a_prefix;
        value = value * 10 + (text[i] - '0');
        if (value > most) return not_a_prefix;
    }
    return value;
}

}  // namespace bight::ipaddress::detail

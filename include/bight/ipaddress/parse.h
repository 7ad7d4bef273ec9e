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

inline constexpr std::uint64_t not_ipv4 = ~std::uint64_t{0};

/// How many digits each octet has.
struct DigitCounts {
    std::uint8_t of[256];

    consteval DigitCounts() : of{} {
        for (int octet = 0; octet < 256; ++octet)
            of[octet] = static_cast<std::uint8_t>(1 + (octet >= 10 ? 1 : 0) + (octet >= 100 ? 1 : 0));
    }
};
inline constexpr DigitCounts digit_counts;

/// Where the first '.' of four characters is: 7, 15, 23 or 31, that is its highest bit; 0 without one.
constexpr unsigned bit_of_dot(std::uint32_t characters) noexcept {
    std::uint32_t rest = characters ^ ('.' * 0x01010101u);
    std::uint32_t dots = (rest - 0x01010101u) & ~rest & 0x80808080u;
    return dots == 0 ? 0 : static_cast<unsigned>(__builtin_ctz(dots));
}

/// Octets are taken one after the other and judged together: what costs time in this parser's like is guessing wrong how
/// long each of them is, so nothing branches on that.
struct OctetTaker {
    std::uint32_t value = 0, faults = 0, count = 0;

    /// One to three digits, less '0', the last one highest, and nothing below the first.
    constexpr void take(std::uint32_t digits) noexcept {
        // At most 2, 9 and 9, or a highest bit is set; where a byte carries into the next, its own is.
        faults |= (digits + 0x76767d00u) | digits;
        std::uint32_t octet = (digits * 0x640a01u) >> 24;
        count += digit_counts.of[octet];
        value = value << 8 | octet;
    }
};

/// Four decimal octets without leading zeros, and nothing else. Each check of a dot's place also keeps the next four
/// characters within the text.
constexpr std::uint64_t parse_ipv4(const char* text, std::size_t size) noexcept {
    constexpr std::uint32_t zeros = '0' * 0x01010101u;
    if (size < 7 || size > 15) return not_ipv4;
    const char* end = text + size;
    OctetTaker octets;
    for (int left = 3; left > 0; --left) {
        auto characters = end - text > 3 ? load<std::uint32_t>(text) : load<std::uint32_t>(text - 1) >> 8;
        unsigned bit = bit_of_dot(characters);
        if (bit < 15) return not_ipv4;
        octets.take((characters ^ zeros) << (39 - bit));
        text += bit / 8 + 1;
        if (end - text < 2 * left - 1) return not_ipv4;
    }
    auto unused = static_cast<unsigned>(4 - (end - text)) * 8;
    if (unused > 24) return not_ipv4;
    octets.take((load<std::uint32_t>(end - 4) ^ zeros) >> unused << unused);
    // A number with a leading zero, or above 255, has more digits than the octet that was made of it.
    if ((octets.faults & 0x80808000u) != 0 || octets.count + 3 != size) return not_ipv4;
    return octets.value;
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

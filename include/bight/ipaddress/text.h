// SPDX-License-Identifier: BSL-1.0
/// Writes addresses into memory of the caller's, without allocation, at compile time and at run time.
#pragma once

#include <bight/ipaddress/number.h>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace bight::ipaddress::detail {

/// Each octet with the '.' that follows it, and its length without.
struct OctetTable {
    struct Entry {
        char text[4];
        std::uint8_t length;
    };
    Entry entry[256];

    consteval OctetTable() : entry{} {
        for (int octet = 0; octet < 256; ++octet) {
            auto& [text, length] = entry[octet];
            if (octet >= 100) text[length++] = static_cast<char>('0' + octet / 100);
            if (octet >= 10) text[length++] = static_cast<char>('0' + octet / 10 % 10);
            text[length++] = static_cast<char>('0' + octet % 10);
            if (length < 4) text[length] = '.';
        }
    }
};
inline constexpr OctetTable octets;

/// The two digits of each byte, the first in the lower half.
struct HexTable {
    std::uint16_t pair[256];

    consteval HexTable() : pair{} {
        constexpr char digits[] = "0123456789abcdef";
        for (int byte = 0; byte < 256; ++byte)
            pair[byte] = static_cast<std::uint16_t>(digits[byte >> 4] | digits[byte & 15] << 8);
    }
};
inline constexpr HexTable hex;

/// Four characters, the first of them lowest in `word`.
constexpr void store(char* out, std::uint32_t word) noexcept {
    if consteval {
        for (int i = 0; i < 4; ++i) out[i] = static_cast<char>(word >> (8 * i) & 0xff);
    } else {
        if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap32(word);
        __builtin_memcpy(out, &word, 4);
    }
}

constexpr void copy(char* to, const char* from, std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i) to[i] = from[i];
}

/// Takes 16 bytes of room, of which it may touch all; returns the end of the text.
constexpr char* write_ipv4(char* out, std::uint32_t value) noexcept {
    for (int shift = 24; shift >= 0; shift -= 8) {
        const auto& octet = octets.entry[value >> shift & 0xff];
        copy(out, octet.text, 4);
        out += octet.length + 1;
    }
    return out - 1;
}

/// The four digits of a group.
constexpr std::uint32_t digits_of(unsigned group) noexcept {
    return hex.pair[group >> 8] | static_cast<std::uint32_t>(hex.pair[group & 0xff]) << 16;
}

/// A group without its leading zeros; may touch four bytes.
constexpr char* write_group(char* out, unsigned group) noexcept {
    auto zeros = static_cast<unsigned>(std::countl_zero(static_cast<std::uint16_t>(group | 1))) / 4;
    store(out, digits_of(group) >> (8 * zeros));
    return out + (4 - zeros);
}

constexpr unsigned group_of(uint128 value, unsigned index) noexcept {
    return static_cast<unsigned>(value >> (112 - 16 * index)) & 0xffff;
}

/// Where the first of the longest runs of two or more zero groups begins, and how long it is, for each set of them.
struct GapTable {
    std::uint8_t start[256], length[256];

    consteval GapTable() : start{}, length{} {
        for (int zeros = 0; zeros < 256; ++zeros)
            for (int from = 0, run = 0; from < 8; from += run + 1) {
                for (run = 0; from + run < 8 && (zeros >> (from + run) & 1) != 0; ++run) {}
                if (run < 2 || run <= length[zeros]) continue;
                start[zeros] = static_cast<std::uint8_t>(from);
                length[zeros] = static_cast<std::uint8_t>(run);
            }
    }
};
inline constexpr GapTable gaps;

/// The form of RFC 5952 without dotted tails, as CPython writes it. Takes 40 bytes of room; returns the end of the text.
constexpr char* write_ipv6(char* out, uint128 value) noexcept {
    unsigned zeros = 0;
    for (unsigned i = 0; i < 8; ++i) zeros |= (group_of(value, i) == 0 ? 1u : 0u) << i;
    unsigned gap = gaps.start[zeros], length = gaps.length[zeros];
    if (length == 0) {
        for (unsigned i = 0; i < 8; ++i) {
            out = write_group(out, group_of(value, i));
            *out++ = ':';
        }
        return out - 1;
    }
    for (unsigned i = 0; i < gap; ++i) {
        out = write_group(out, group_of(value, i));
        *out++ = ':';
    }
    if (gap == 0) *out++ = ':';
    *out++ = ':';
    for (unsigned i = gap + length; i < 8; ++i) {
        out = write_group(out, group_of(value, i));
        *out++ = ':';
    }
    return gap + length == 8 ? out : out - 1;
}

/// A '/' and a number of at most three digits. Takes 4 bytes of room.
constexpr char* write_prefix(char* out, int prefixlen) noexcept {
    const auto& digits = octets.entry[prefixlen];
    *out++ = '/';
    copy(out, digits.text, digits.length);
    return out + digits.length;
}

}  // namespace bight::ipaddress::detail

// SPDX-License-Identifier: BSL-1.0
#include "values/ip_text.h"

#include <charconv>
#include <cstddef>

namespace bight::ip_text {
namespace {

struct Run {
    std::size_t start = 0;
    std::size_t length = 0;
};

/// The first of the longest runs of zero groups; RFC 5952 does not shorten a single one.
Run longest_zero_run(const std::array<std::uint16_t, 8>& groups) noexcept {
    Run best, current;
    for (std::size_t i = 0; i < 8; ++i) {
        if (groups[i] != 0) {
            current.length = 0;
            continue;
        }
        if (current.length++ == 0) current.start = i;
        if (current.length > best.length) best = current;
    }
    return best.length > 1 ? best : Run{};
}

void append_hex(std::string& out, std::uint16_t group) {
    char digits[4];
    auto end = std::to_chars(digits, digits + sizeof digits, group, 16).ptr;
    out.append(digits, end);
}

std::optional<std::uint16_t> parse_group(std::string_view text) noexcept {
    if (text.empty() || text.size() > 4) return std::nullopt;
    std::uint16_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// Groups between colons, the last of them perhaps dotted; at most `most` of two bytes each.
struct Groups {
    std::array<std::uint8_t, 16> bytes{};
    std::size_t size = 0;
};

std::optional<Groups> parse_groups(std::string_view text, std::size_t most, bool dotted_tail) noexcept {
    Groups groups;
    if (text.empty()) return groups;
    while (true) {
        auto colon = text.find(':');
        auto part = text.substr(0, colon);
        if (part.find('.') != part.npos) {
            auto tail = dotted_tail && colon == text.npos ? parse_ipv4(part) : std::nullopt;
            if (!tail || groups.size + 4 > most * 2) return std::nullopt;
            for (auto byte : *tail) groups.bytes[groups.size++] = byte;
            return groups;
        }
        auto group = parse_group(part);
        if (!group || groups.size + 2 > most * 2) return std::nullopt;
        groups.bytes[groups.size++] = static_cast<std::uint8_t>(*group >> 8);
        groups.bytes[groups.size++] = static_cast<std::uint8_t>(*group & 0xff);
        if (colon == text.npos) return groups;
        text.remove_prefix(colon + 1);
    }
}

}  // namespace

std::optional<std::uint32_t> parse_number(std::string_view digits, std::uint32_t limit) noexcept {
    if (digits.empty() || digits.front() < '0' || digits.front() > '9') return std::nullopt;
    std::uint32_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size() || value > limit) return std::nullopt;
    return value;
}

std::optional<IPv4> parse_ipv4(std::string_view text) noexcept {
    IPv4 address{};
    for (std::size_t i = 0; i < 4; ++i) {
        auto dot = text.find('.');
        if ((dot == text.npos) != (i == 3)) return std::nullopt;
        auto octet = text.substr(0, dot);
        if (octet.size() > 3 || (octet.size() > 1 && octet.front() == '0')) return std::nullopt;
        auto value = parse_number(octet, 255);
        if (!value) return std::nullopt;
        address[i] = static_cast<std::uint8_t>(*value);
        if (i < 3) text.remove_prefix(dot + 1);
    }
    return address;
}

std::optional<IPv6> parse_ipv6(std::string_view text) noexcept {
    if (text.size() > 45) return std::nullopt;  // the longest form there is, with a dotted tail
    IPv6 address{};
    auto gap = text.find("::");
    if (gap == text.npos) {
        auto groups = parse_groups(text, 8, true);
        if (!groups || groups->size != 16) return std::nullopt;
        return groups->bytes;
    }
    auto head = parse_groups(text.substr(0, gap), 7, false);
    auto tail = parse_groups(text.substr(gap + 2), 7, true);
    if (!head || !tail || head->size + tail->size > 14) return std::nullopt;  // "::" stands for one group at least
    for (std::size_t i = 0; i < head->size; ++i) address[i] = head->bytes[i];
    for (std::size_t i = 0; i < tail->size; ++i) address[16 - tail->size + i] = tail->bytes[i];
    return address;
}

std::string format(const IPv4& address) {
    std::string text;
    for (std::size_t i = 0; i < 4; ++i) {
        if (i != 0) text += '.';
        text += std::to_string(address[i]);
    }
    return text;
}

std::string format(const IPv6& address) {
    std::array<std::uint16_t, 8> groups{};
    for (std::size_t i = 0; i < 8; ++i)
        groups[i] = static_cast<std::uint16_t>(address[2 * i] << 8 | address[2 * i + 1]);
    Run gap = longest_zero_run(groups);
    bool mapped = gap.start == 0 && (gap.length == 6 || (gap.length == 5 && groups[5] == 0xffff));
    std::string text;
    for (std::size_t i = 0; i < 8; ++i) {
        if (gap.length != 0 && i == gap.start) {
            text += "::";
            i += gap.length - 1;
            continue;
        }
        if (!text.empty() && text.back() != ':') text += ':';
        if (mapped && i == 6) return text + format(IPv4{address[12], address[13], address[14], address[15]});
        append_hex(text, groups[i]);
    }
    return text;
}

}  // namespace bight::ip_text

// SPDX-License-Identifier: BSL-1.0
#include "values/ip_text.h"

#include <bight/ipaddress/address.h>

#include <bit>
#include <charconv>
#include <cstddef>

namespace bight::ip_text {

using ipaddress::IPv4Address;
using ipaddress::IPv6Address;

std::optional<std::uint32_t> parse_number(std::string_view digits, std::uint32_t limit) noexcept {
    if (digits.empty() || digits.front() < '0' || digits.front() > '9') return std::nullopt;
    std::uint32_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size() || value > limit) return std::nullopt;
    return value;
}

std::optional<IPv4> parse_ipv4(std::string_view text) noexcept {
    auto address = IPv4Address::parse(text);
    if (!address) return std::nullopt;
    return std::bit_cast<IPv4>(address->packed());
}

std::optional<IPv6> parse_ipv6(std::string_view text) noexcept {
    auto address = IPv6Address::parse(text);
    if (!address || !address->scope_id().empty()) return std::nullopt;
    return std::bit_cast<IPv6>(address->packed());
}

std::string format(const IPv4& address) {
    return IPv4Address::from_packed(std::bit_cast<std::array<std::byte, 4>>(address)).to_string();
}

std::string format(const IPv6& address) {
    auto host = IPv6Address::from_packed(std::bit_cast<std::array<std::byte, 16>>(address));
    if (auto mapped = host.ipv4_mapped()) return "::ffff:" + mapped->to_string();
    // Nor is an address like ::1.2.3.4 shown in hex by inet_ntop(3), unless only its last group is set.
    auto low = static_cast<std::uint32_t>(host.to_int());
    if (host.to_int() == low && low > 0xffff) return "::" + IPv4Address(low).to_string();
    return host.to_string();
}

}  // namespace bight::ip_text

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The hosts of socket addresses: bytes in the order of the network, read and written by ipaddress.
namespace bight::ip_text {

using IPv4 = std::array<std::uint8_t, 4>;
using IPv6 = std::array<std::uint8_t, 16>;

/// Four decimal octets without leading zeros, as inet_pton(3).
std::optional<IPv4> parse_ipv4(std::string_view text) noexcept;

/// RFC 4291, with a dotted tail where one is allowed; no scope.
std::optional<IPv6> parse_ipv6(std::string_view text) noexcept;

std::string format(const IPv4& address);

/// The form of RFC 5952; mapped addresses with a dotted tail, as inet_ntop(3).
std::string format(const IPv6& address);

/// All digits, at most `limit`; no sign, no blank.
std::optional<std::uint32_t> parse_number(std::string_view digits, std::uint32_t limit) noexcept;

}  // namespace bight::ip_text

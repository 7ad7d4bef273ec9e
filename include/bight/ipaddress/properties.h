// SPDX-License-Identifier: BSL-1.0
/// What addresses are for: by the IANA registries of special-purpose addresses, and by the plan of RFC 4291.
#pragma once

#include <bight/ipaddress/address.h>
#include <bight/ipaddress/registry.h>

#include <cstdint>
#include <optional>

namespace bight::ipaddress {

namespace detail {

constexpr std::uint32_t netmask32(int prefixlen) noexcept {
    return prefixlen == 0 ? 0 : ~std::uint32_t{0} << (32 - prefixlen);
}
constexpr uint128 netmask128(int prefixlen) noexcept { return prefixlen == 0 ? 0 : ~uint128{0} << (128 - prefixlen); }

constexpr uint128 first_of(const SpecialIPv6& row) noexcept { return static_cast<uint128>(row.high) << 64 | row.low; }

/// How far the addresses from `first` to `last`, which make a network, are reachable: by the smallest special-purpose
/// block that holds them all.
constexpr Reach reach(std::uint32_t first, std::uint32_t last) noexcept {
    for (const auto& row : special_ipv4)
        if ((((first ^ row.first) | (last ^ row.first)) & netmask32(row.prefixlen)) == 0) return row.reach;
    return Reach::global;
}
constexpr Reach reach(uint128 first, uint128 last) noexcept {
    for (const auto& row : special_ipv6)
        if ((((first ^ first_of(row)) | (last ^ first_of(row))) & netmask128(row.prefixlen)) == 0) return row.reach;
    return Reach::global;
}

/// A network is private if one special-purpose block holds it and neither of its ends is an exception in that block.
/// CPython's rule: what lies between the ends is not looked at.
template <class Value>
constexpr bool is_private(Value first, Value last) noexcept {
    return reach(first, last) == Reach::local && reach(first, first) == Reach::local &&
           reach(last, last) == Reach::local;
}

}  // namespace detail

constexpr bool IPv4Address::is_private() const noexcept {
    return detail::reach(value_, value_) == detail::Reach::local;
}
constexpr bool IPv4Address::is_global() const noexcept {
    return detail::reach(value_, value_) == detail::Reach::global;
}

// What is asked of a mapped address is asked of the IPv4 address inside, as in CPython since 3.13.

constexpr bool IPv6Address::is_private() const noexcept {
    if (auto mapped = ipv4_mapped()) return mapped->is_private();
    return detail::reach(to_int(), to_int()) == detail::Reach::local;
}
constexpr bool IPv6Address::is_global() const noexcept {
    if (auto mapped = ipv4_mapped()) return mapped->is_global();
    return !is_private();
}
constexpr bool IPv6Address::is_multicast() const noexcept {
    if (auto mapped = ipv4_mapped()) return mapped->is_multicast();
    return high_ >> 56 == 0xff;
}
constexpr bool IPv6Address::is_unspecified() const noexcept {
    if (auto mapped = ipv4_mapped()) return mapped->is_unspecified();
    return high_ == 0 && low_ == 0;
}
constexpr bool IPv6Address::is_loopback() const noexcept {
    if (auto mapped = ipv4_mapped()) return mapped->is_loopback();
    return high_ == 0 && low_ == 1;
}
constexpr bool IPv6Address::is_link_local() const noexcept {
    if (auto mapped = ipv4_mapped()) return mapped->is_link_local();
    return high_ >> 54 == 0xfe80 >> 6;
}

/// What RFC 4291 left to the IETF: all but 2000::/3, fc00::/7, fe80::/9 and ff00::/8.
constexpr bool IPv6Address::is_reserved() const noexcept {
    if (auto mapped = ipv4_mapped()) return mapped->is_reserved();
    return high_ >> 61 != 1 && high_ >> 57 != 0xfc >> 1 && high_ >> 55 != 0xfe80 >> 7 && high_ >> 56 != 0xff;
}

// ---- Questions of policy. ----------------------------------------------------------------------------------------------

/// The IPv4 address that packets to `address` reach in the end: that of a mapped, NAT64 (64:ff9b::/96) or 6to4 address,
/// or the client of a Teredo address.
constexpr std::optional<IPv4Address> embedded_ipv4(const IPv6Address& address) noexcept {
    if (auto inner = address.ipv4_mapped()) return inner;
    if (auto inner = address.nat64()) return inner;
    if (auto inner = address.sixtofour()) return inner;
    if (auto teredo = address.teredo()) return teredo->client;
    return std::nullopt;
}

/// Whether anybody's packets may go to `address` by the public internet: reachable from everywhere, one host's, not
/// reserved; and so are the IPv4 addresses inside it. The question to ask about an address that a stranger named; ask it
/// of the address really connected to, for names may resolve to another one each time.
constexpr bool is_public(const IPv4Address& address) noexcept {
    return address.is_global() && !address.is_multicast() && !address.is_reserved();
}
constexpr bool is_public(const IPv6Address& address) noexcept {
    if (auto mapped = address.ipv4_mapped()) return is_public(*mapped);
    if (!address.is_global() || address.is_multicast() || address.is_site_local()) return false;
    if (auto inner = address.nat64()) return is_public(*inner);
    return !address.is_reserved();
}

}  // namespace bight::ipaddress

// SPDX-License-Identifier: BSL-1.0
/// What addresses are for: by the IANA registries of special-purpose addresses, and by the plan of RFC 4291.
#pragma once

#include <bight/ipaddress/address.h>
#include <bight/ipaddress/registry.h>

#include <cstddef>
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

/// IPv4 addresses, as many as one IPv6 address may hold.
class EmbeddedIPv4 {
public:
    constexpr void add(std::uint32_t address) noexcept { addresses_[size_++] = IPv4Address(address); }
    constexpr const IPv4Address* begin() const noexcept { return addresses_; }
    constexpr const IPv4Address* end() const noexcept { return addresses_ + size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr std::size_t size() const noexcept { return size_; }

private:
    IPv4Address addresses_[5];
    std::size_t size_ = 0;
};

namespace detail {

/// The IPv4 address behind a NAT64 prefix of 32, 40, 48, 56, 64 or 96 bits: bits 64 to 71 are not part of it (RFC 6052,
/// section 2.2).
constexpr std::uint32_t behind_nat64(const IPv6Address& address, int prefixlen) noexcept {
    uint128 value = address.to_int();
    if (prefixlen == 96) return static_cast<std::uint32_t>(value);
    uint128 without = value >> 64 << 56 | (value & (~uint128{0} >> 72));
    return static_cast<std::uint32_t>(without >> (88 - prefixlen));
}

}  // namespace detail

/// All IPv4 addresses that a packet to `address` may reach, by the form of the address alone: of a mapped
/// (::ffff:0:0/96), translated (::ffff:0:0:0/96), compatible (::/96), NAT64 (64:ff9b::/96), 6to4 or ISATAP address the
/// one inside; of a Teredo address the client and the server; of the NAT64 prefix for local use (64:ff9b:1::/48), within
/// which every network chooses for itself, what each of the choices gives.
constexpr EmbeddedIPv4 embedded_ipv4s(const IPv6Address& address) noexcept {
    auto high = static_cast<std::uint64_t>(address.to_int() >> 64), low = static_cast<std::uint64_t>(address.to_int());
    EmbeddedIPv4 inside;
    if (high == 0 && (low >> 32 == 0xffff || low >> 32 == 0xffff0000 || (low >> 32 == 0 && low > 1)))
        inside.add(static_cast<std::uint32_t>(low));
    else if (auto nat64 = address.nat64())
        inside.add(nat64->to_int());
    else if (high >> 16 == 0x0064ff9b0001)
        for (int prefixlen : {96, 48, 56, 64}) inside.add(detail::behind_nat64(address, prefixlen));
    else if (auto sixtofour = address.sixtofour())
        inside.add(sixtofour->to_int());
    else if (auto teredo = address.teredo()) {
        inside.add(teredo->client.to_int());
        inside.add(teredo->server.to_int());
    }
    if (((low >> 32) & ~std::uint64_t{0x02000000}) == 0x5efe) inside.add(static_cast<std::uint32_t>(low));
    return inside;
}

/// The first of them: where packets to `address` go in the end.
constexpr std::optional<IPv4Address> embedded_ipv4(const IPv6Address& address) noexcept {
    auto inside = embedded_ipv4s(address);
    if (inside.empty()) return std::nullopt;
    return *inside.begin();
}

namespace detail {

/// Whether the address itself is reachable from everywhere, whatever is inside.
constexpr bool is_public_outside(const IPv6Address& address) noexcept {
    if (address.ipv4_mapped() || address.nat64()) return true;
    return address.is_global() && !address.is_multicast() && !address.is_site_local() && !address.is_reserved();
}

}  // namespace detail

/// Whether anybody's packets may go to `address` by the public internet: reachable from everywhere, one host's, not
/// reserved; and so are the IPv4 addresses inside it. The question to ask about an address that a stranger named; ask it
/// of the address really connected to, for names may resolve to another one each time.
constexpr bool is_public(const IPv4Address& address) noexcept {
    return address.is_global() && !address.is_multicast() && !address.is_reserved();
}
constexpr bool is_public(const IPv6Address& address) noexcept {
    for (const auto& inside : embedded_ipv4s(address))
        if (!is_public(inside)) return false;
    return detail::is_public_outside(address);
}

}  // namespace bight::ipaddress

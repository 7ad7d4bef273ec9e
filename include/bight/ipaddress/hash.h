// SPDX-License-Identifier: BSL-1.0
/// std::hash for addresses, networks and interfaces. Mixed with a number that differs from process to process where the
/// system loads programs at random places, so that nobody can prepare addresses whose hashes collide.
#pragma once

#include <bight/ipaddress/any.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bight::ipaddress::detail {

/// Where this lies is the one number of chance that costs no system call, and is known before anything is initialised.
extern const char hash_anchor;

/// The halves of the 128-bit product: every bit of both hangs on all below it.
constexpr std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
    auto product = static_cast<uint128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::size_t hash(uint128 value, std::string_view scope_id, int extra) noexcept {
    std::uint64_t seed = fold(reinterpret_cast<std::uintptr_t>(&hash_anchor), 0xa0761d6478bd642f);
    std::uint64_t h = fold(seed ^ static_cast<std::uint64_t>(value), 0x9e3779b97f4a7c15);
    h = fold(h ^ static_cast<std::uint64_t>(value >> 64), 0xd6e8feb86659fd93 ^ static_cast<std::uint64_t>(extra));
    for (char c : scope_id) h = fold(h ^ static_cast<unsigned char>(c), 0x9e3779b97f4a7c15);
    return fold(h, seed | 1);
}

inline std::size_t hash(const IPv4Address& address, int extra) noexcept { return hash(address.to_int(), {}, extra); }
inline std::size_t hash(const IPv6Address& address, int extra) noexcept {
    return hash(address.to_int(), address.scope_id().view(), extra);
}

template <class Address>
std::size_t hash(const Network<Address>& network) noexcept {
    return hash(network.network_address(), 256 + network.prefixlen());
}
template <class Address>
std::size_t hash(const Interface<Address>& interface) noexcept {
    return hash(static_cast<const Address&>(interface), 512 + interface.prefixlen());
}

}  // namespace bight::ipaddress::detail

template <>
struct std::hash<bight::ipaddress::IPv4Address> {
    std::size_t operator()(const bight::ipaddress::IPv4Address& address) const noexcept {
        return bight::ipaddress::detail::hash(address, 4);
    }
};
template <>
struct std::hash<bight::ipaddress::IPv6Address> {
    std::size_t operator()(const bight::ipaddress::IPv6Address& address) const noexcept {
        return bight::ipaddress::detail::hash(address, 6);
    }
};
template <class Address>
struct std::hash<bight::ipaddress::Network<Address>> {
    std::size_t operator()(const bight::ipaddress::Network<Address>& network) const noexcept {
        return bight::ipaddress::detail::hash(network);
    }
};
template <class Address>
struct std::hash<bight::ipaddress::Interface<Address>> {
    std::size_t operator()(const bight::ipaddress::Interface<Address>& interface) const noexcept {
        return bight::ipaddress::detail::hash(interface);
    }
};

template <>
struct std::hash<bight::ipaddress::IPAddress> {
    std::size_t operator()(const bight::ipaddress::IPAddress& address) const noexcept {
        return address.visit(
            [](const auto& value) { return std::hash<std::remove_cvref_t<decltype(value)>>{}(value); });
    }
};
template <>
struct std::hash<bight::ipaddress::IPNetwork> {
    std::size_t operator()(const bight::ipaddress::IPNetwork& network) const noexcept {
        return network.visit([](const auto& value) { return bight::ipaddress::detail::hash(value); });
    }
};
template <>
struct std::hash<bight::ipaddress::IPInterface> {
    std::size_t operator()(const bight::ipaddress::IPInterface& interface) const noexcept {
        return interface.visit([](const auto& value) { return bight::ipaddress::detail::hash(value); });
    }
};

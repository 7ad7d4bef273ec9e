// SPDX-License-Identifier: BSL-1.0
/// IPv4 and IPv6 addresses, networks and interfaces: Python's `ipaddress`, as values.
///
/// Everything here is trivially copyable, allocates nothing but the strings and vectors that it returns, and works at
/// compile time but for those. Text is strict: no octal, no blanks, no missing octets.
///
///     constexpr auto ten = "10.0.0.0/8"_net;
///     static_assert(ten.contains("10.1.2.3"_ip));
///     for (auto subnet : ten.subnets({.new_prefix = 16})) std::cout << subnet << '\n';
///
/// Bad text raises AddressValueError or NetmaskValueError, whose message says which part is wrong; `parse` functions
/// return nothing instead. A literal with bad text does not compile.
#pragma once

#include <bight/address.h>
#include <bight/ipaddress/address.h>
#include <bight/ipaddress/any.h>
#include <bight/ipaddress/error.h>
#include <bight/ipaddress/interface.h>
#include <bight/ipaddress/network.h>
#include <bight/ipaddress/number.h>
#include <bight/ipaddress/properties.h>
#include <bight/ipaddress/range.h>
#include <bight/ipaddress/subnets.h>

#include <array>
#include <compare>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace bight::ipaddress {

inline constexpr int IPV4LENGTH = 32;
inline constexpr int IPV6LENGTH = 128;

// ---- Of either version. Raises ValueError. ------------------------------------------------------------------------------

constexpr IPAddress ip_address(std::string_view text) { return IPAddress(text); }

/// IPv4 below 2**32, IPv6 from there on.
template <Integer T>
constexpr IPAddress ip_address(T value) {
    return IPAddress(value);
}

constexpr IPNetwork ip_network(std::string_view text, NetworkOptions options = {}) { return IPNetwork(text, options); }
constexpr IPInterface ip_interface(std::string_view text) { return IPInterface(text); }

/// Of one address: a number, as for ip_address(), or IPAddress::from_packed() bytes.
template <Integer T>
constexpr IPNetwork ip_network(T value) {
    return IPNetwork(IPAddress(value));
}
constexpr IPNetwork ip_network(const IPAddress& address) { return IPNetwork(address); }
template <Integer T>
constexpr IPInterface ip_interface(T value) {
    return IPInterface(IPAddress(value));
}
constexpr IPInterface ip_interface(const IPAddress& address) { return IPInterface(address); }

/// Python's tuple, as two arguments: `mask` is a prefix length, or the text of one, of a netmask or of a hostmask.
template <class Mask>
    requires std::same_as<Mask, int> || std::convertible_to<Mask, std::string_view>
constexpr IPNetwork ip_network(const IPAddress& address, Mask mask, NetworkOptions options = {}) {
    return IPNetwork(address, mask, options);
}
template <class Mask>
    requires std::same_as<Mask, int> || std::convertible_to<Mask, std::string_view>
constexpr IPInterface ip_interface(const IPAddress& address, Mask mask) {
    return IPInterface(address, mask);
}

// ---- Conversions. -------------------------------------------------------------------------------------------------------

/// Four bytes, the highest first. Raises ValueError for a number outside of 0..2**32-1.
template <Integer T>
constexpr std::array<std::byte, 4> v4_int_to_packed(T address) {
    if (detail::is_negative(address) || detail::magnitude(address) > UINT32_MAX) detail::raise_packed_range(4);
    return IPv4Address(address).packed();
}

/// Sixteen bytes, the highest first. Raises ValueError for a negative number.
template <Integer T>
constexpr std::array<std::byte, 16> v6_int_to_packed(T address) {
    if (detail::is_negative(address)) detail::raise_packed_range(6);
    return IPv6Address(address).packed();
}

/// The host of a socket's address, its numeric scope as the zone; nothing for families without IP hosts.
std::optional<IPAddress> host_of(const bight::Address& address);

/// The address of a socket. Raises ValueError for a zone that is no number, OverflowError for a port out of range.
bight::Address socket_address(const IPAddress& host, int port);

// ---- Many of them. ------------------------------------------------------------------------------------------------------

/// The fewest networks from `first` to `last`. Raises TypeError for two versions, ValueError if `last` is below `first`.
std::vector<IPNetwork> summarize_address_range(const IPAddress& first, const IPAddress& last);

/// The fewest networks that hold `addresses`. Raises TypeError for mixed versions.
std::vector<IPNetwork> collapse_addresses(const std::vector<IPAddress>& addresses);

/// What orders addresses, networks and interfaces of both versions among each other: version 4 first; an address before
/// the networks that begin with it, those by prefix length; interfaces, by network and address, behind both.
struct MixedTypeKey {
    int version;
    bool is_interface;
    IPAddress address;  // of an interface, its network's
    int prefixlen;      // -1 for an address
    IPAddress host;     // of an interface

    friend constexpr bool operator==(const MixedTypeKey&, const MixedTypeKey&) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(const MixedTypeKey&, const MixedTypeKey&) noexcept = default;
};

constexpr MixedTypeKey get_mixed_type_key(const IPAddress& address) noexcept {
    return {address.version(), false, address, -1, {}};
}
constexpr MixedTypeKey get_mixed_type_key(const IPNetwork& network) noexcept {
    return {network.version(), false, network.network_address(), network.prefixlen(), {}};
}
constexpr MixedTypeKey get_mixed_type_key(const IPInterface& interface) noexcept {
    auto network = interface.network();
    return {network.version(), true, network.network_address(), network.prefixlen(), interface.ip()};
}
template <class Address>
constexpr MixedTypeKey get_mixed_type_key(const Interface<Address>& interface) noexcept {
    return get_mixed_type_key(IPInterface(interface));
}

// ---- The registries. ----------------------------------------------------------------------------------------------------

/// What a column of the registry says. `not_applicable` is its "N/A".
enum class Answer : std::uint8_t { no, yes, not_applicable };

/// A row of the IANA registries of special-purpose addresses.
struct RegistryRow {
    IPNetwork network;
    std::string_view name;        // "Private-Use"
    std::string_view rfc;         // "RFC 1918"
    std::string_view allocated;   // "1996-02"
    std::string_view terminated;  // empty while it is in force
    Answer source, destination, forwardable, globally_reachable, reserved_by_protocol;
};

/// The smallest special-purpose block that `address` is in, terminated ones included; null for an ordinary address.
/// Embedded IPv4 addresses are not looked at: see embedded_ipv4().
const RegistryRow* classify(const IPAddress& address) noexcept;

/// The smallest special-purpose block that holds all of `network`; null if none does. One that is a row gets that row,
/// whatever smaller blocks lie in it.
const RegistryRow* classify(const IPNetwork& network) noexcept;
template <class Address>
const RegistryRow* classify(const Network<Address>& network) noexcept {
    return classify(IPNetwork(network));
}

/// All rows, IPv4 first.
std::span<const RegistryRow> registry() noexcept;

/// The month that the tables stand for: "2025-05".
constexpr std::string_view registry_date() noexcept { return detail::registry_date; }

constexpr std::optional<IPv4Address> embedded_ipv4(const IPAddress& address) noexcept {
    return address.version() == 6 ? embedded_ipv4(address.v6()) : std::nullopt;
}
constexpr bool is_public(const IPAddress& address) noexcept {
    return address.visit([](const auto& value) { return is_public(value); });
}

}  // namespace bight::ipaddress

namespace bight::literals {

/// "10.1.2.3"_ip, "fe80::1%eth0"_ip
consteval ipaddress::IPAddress operator""_ip(const char* text, std::size_t size) {
    return ipaddress::IPAddress(std::string_view(text, size));
}

/// "10.0.0.0/8"_net, "2001:db8::/32"_net; host bits must be zero.
consteval ipaddress::IPNetwork operator""_net(const char* text, std::size_t size) {
    return ipaddress::IPNetwork(std::string_view(text, size));
}

}  // namespace bight::literals

#include <bight/ipaddress/hash.h>

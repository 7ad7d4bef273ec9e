// SPDX-License-Identifier: BSL-1.0
/// Addresses, networks and interfaces of either version: what ip_address(), ip_network() and ip_interface() return.
#pragma once

#include <bight/ipaddress/either.h>
#include <bight/ipaddress/interface.h>

#include <compare>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bight::ipaddress {

/// An address of either version; IPv4Address and IPv6Address convert to one.
class IPAddress : public detail::Either<IPv4Address, IPv6Address> {
public:
    using Either::Either;

    /// Raises ValueError for what is an address of neither version.
    explicit constexpr IPAddress(std::string_view text) {
        auto parsed = parse(text);
        if (!parsed) detail::raise_not_an_ip(detail::What::address, text);
        *this = *parsed;
    }

    /// IPv4 below 2**32. Raises ValueError for a negative number.
    template <Integer T>
    explicit constexpr IPAddress(T value) {
        if (!detail::is_negative(value) && detail::magnitude(value) <= UINT32_MAX)
            *this = IPv4Address(value);
        else
            *this = IPv6Address(value);
    }

    /// From 4 or 16 bytes; raises ValueError.
    static IPAddress from_packed(Bytes packed);

    static constexpr std::optional<IPAddress> parse(std::string_view text) noexcept {
        if (auto four = IPv4Address::parse(text)) return *four;
        if (auto six = IPv6Address::parse(text)) return *six;
        return std::nullopt;
    }

    constexpr uint128 to_int() const noexcept {
        return visit([](const auto& address) { return static_cast<uint128>(address.to_int()); });
    }
    std::string packed() const;
    std::string format(std::string_view spec) const {
        return visit([&](const auto& address) { return address.format(spec); });
    }

    template <Integer T>
    friend constexpr IPAddress operator+(const IPAddress& address, T step) {
        return address.visit([&](const auto& value) { return IPAddress(value + step); });
    }
    template <Integer T>
    friend constexpr IPAddress operator-(const IPAddress& address, T step) {
        return address.visit([&](const auto& value) { return IPAddress(value - step); });
    }
};

/// A network of either version; IPv4Network and IPv6Network convert to one. Relations between networks of two versions
/// raise TypeError, but for contains() and overlaps(), which are false.
class IPNetwork : public detail::Either<IPv4Network, IPv6Network> {
    template <class Range4, class Range6, class Element>
    using Ranges = Range<detail::MakeEither<Range4, Range6, Element>>;

public:
    using Either::Either;
    using Addresses = Ranges<detail::MakeAddresses<IPv4Address>, detail::MakeAddresses<IPv6Address>, IPAddress>;
    using Subnets = Ranges<detail::MakeSubnets<IPv4Network>, detail::MakeSubnets<IPv6Network>, IPNetwork>;
    using Excluded = Ranges<detail::MakeExcluded<IPv4Network>, detail::MakeExcluded<IPv6Network>, IPNetwork>;
    using value_type = IPAddress;
    using iterator = Addresses::iterator;
    using const_iterator = iterator;

    /// Raises ValueError for what is a network of neither version, and for host bits that are set.
    explicit constexpr IPNetwork(std::string_view text, NetworkOptions options = {});
    explicit constexpr IPNetwork(const IPAddress& address) noexcept;
    constexpr IPNetwork(const IPAddress& address, int prefixlen, NetworkOptions options = {});
    constexpr IPNetwork(const IPAddress& address, std::string_view mask, NetworkOptions options = {});

    static constexpr std::optional<IPNetwork> parse(std::string_view text, NetworkOptions options = {}) noexcept {
        if (auto four = IPv4Network::parse(text, options)) return *four;
        if (auto six = IPv6Network::parse(text, options)) return *six;
        return std::nullopt;
    }

    constexpr IPAddress network_address() const noexcept;
    constexpr IPAddress broadcast_address() const noexcept;
    constexpr IPAddress netmask() const noexcept;
    constexpr IPAddress hostmask() const noexcept;
    constexpr int prefixlen() const noexcept {
        return visit([](const auto& network) { return network.prefixlen(); });
    }
    constexpr Count num_addresses() const noexcept;
    std::string with_prefixlen() const { return to_string(); }
    std::string with_netmask() const {
        return visit([](const auto& network) { return network.with_netmask(); });
    }
    std::string with_hostmask() const {
        return visit([](const auto& network) { return network.with_hostmask(); });
    }

    constexpr iterator begin() const noexcept { return addresses().begin(); }
    constexpr iterator end() const noexcept { return addresses().end(); }
    constexpr Count size() const noexcept { return num_addresses(); }
    constexpr Addresses addresses() const noexcept;
    constexpr Addresses hosts() const noexcept;

    template <Integer T>
    constexpr IPAddress operator[](T index) const {
        return visit([&](const auto& network) { return IPAddress(network[index]); });
    }

    constexpr bool contains(const IPAddress& address) const noexcept;
    bool contains(const IPNetwork& network) const = delete;  // say network.subnet_of(*this)

    constexpr bool overlaps(const IPNetwork& other) const noexcept;
    constexpr bool subnet_of(const IPNetwork& other) const;
    constexpr bool supernet_of(const IPNetwork& other) const { return other.subnet_of(*this); }
    constexpr int compare_networks(const IPNetwork& other) const;

    constexpr Subnets subnets(SubnetOptions options = {}) const;
    constexpr IPNetwork supernet(SubnetOptions options = {}) const;
    constexpr Excluded address_exclude(const IPNetwork& other) const;

private:
    constexpr void require_version_of(const IPNetwork& other) const {
        if (version() != other.version()) detail::raise_versions(to_string(), other.to_string());
    }
};

/// An interface of either version; IPv4Interface and IPv6Interface convert to one.
class IPInterface : public detail::Either<IPv4Interface, IPv6Interface> {
public:
    using Either::Either;

    /// Raises ValueError for what is an interface of neither version.
    explicit constexpr IPInterface(std::string_view text) {
        auto parsed = parse(text);
        if (!parsed) detail::raise_not_an_ip(detail::What::interface, text);
        *this = *parsed;
    }
    explicit constexpr IPInterface(const IPAddress& address) noexcept {
        *this = address.visit([](const auto& value) { return IPInterface(Interface(value)); });
    }
    constexpr IPInterface(const IPAddress& address, int prefixlen) {
        *this = address.visit([&](const auto& value) { return IPInterface(Interface(value, prefixlen)); });
    }

    static constexpr std::optional<IPInterface> parse(std::string_view text) noexcept {
        if (auto four = IPv4Interface::parse(text)) return *four;
        if (auto six = IPv6Interface::parse(text)) return *six;
        return std::nullopt;
    }

    constexpr IPInterface(const IPAddress& address, std::string_view mask) {
        *this = address.visit([&](const auto& value) { return IPInterface(Interface(value, mask)); });
    }

    constexpr uint128 to_int() const noexcept { return ip().to_int(); }
    std::string packed() const { return ip().packed(); }

    constexpr IPAddress ip() const noexcept {
        return visit([](const auto& value) { return IPAddress(value.ip()); });
    }
    constexpr IPNetwork network() const noexcept {
        return visit([](const auto& value) { return IPNetwork(value.network()); });
    }
    constexpr IPAddress netmask() const noexcept {
        return visit([](const auto& value) { return IPAddress(value.netmask()); });
    }
    constexpr IPAddress hostmask() const noexcept {
        return visit([](const auto& value) { return IPAddress(value.hostmask()); });
    }
    constexpr int prefixlen() const noexcept {
        return visit([](const auto& value) { return value.prefixlen(); });
    }
    std::string with_prefixlen() const {
        return visit([](const auto& value) { return value.with_prefixlen(); });
    }
    std::string with_netmask() const {
        return visit([](const auto& value) { return value.with_netmask(); });
    }
    std::string with_hostmask() const {
        return visit([](const auto& value) { return value.with_hostmask(); });
    }
    std::string format(std::string_view spec) const {
        return visit([&](const auto& value) { return value.format(spec); });
    }

    /// The interface of the address so much further on, with a network of one.
    template <Integer T>
    friend constexpr IPInterface operator+(const IPInterface& interface, T step) {
        return interface.visit([&](const auto& value) { return IPInterface(value + step); });
    }
    template <Integer T>
    friend constexpr IPInterface operator-(const IPInterface& interface, T step) {
        return interface.visit([&](const auto& value) { return IPInterface(value - step); });
    }

    friend constexpr bool operator==(const IPInterface&, const IPInterface&) noexcept = default;
    friend constexpr bool operator==(const IPInterface&, const IPAddress&) noexcept { return false; }
};

template <class A>
constexpr bool operator==(const Interface<A>&, const IPAddress&) noexcept {
    return false;
}

std::ostream& operator<<(std::ostream& out, const IPAddress& address);
std::ostream& operator<<(std::ostream& out, const IPNetwork& network);
std::ostream& operator<<(std::ostream& out, const IPInterface& interface);

// ---- IPNetwork's bodies. -----------------------------------------------------------------------------------------------

constexpr IPNetwork::IPNetwork(std::string_view text, NetworkOptions options) {
    // Host bits are no reason to try the other version, and are reported as such.
    auto parsed = parse(text, {.strict = false});
    if (!parsed) detail::raise_not_an_ip(detail::What::network, text);
    *this = *parsed;
    if (options.strict)
        *this = visit([&](const auto& network) -> IPNetwork { return std::remove_cvref_t<decltype(network)>(text); });
}

constexpr IPNetwork::IPNetwork(const IPAddress& address) noexcept
    : IPNetwork(address.visit([](const auto& value) { return IPNetwork(Network(value)); })) {}

constexpr IPNetwork::IPNetwork(const IPAddress& address, int prefixlen, NetworkOptions options)
    : IPNetwork(address.visit([&](const auto& value) { return IPNetwork(Network(value, prefixlen, options)); })) {}

constexpr IPNetwork::IPNetwork(const IPAddress& address, std::string_view mask, NetworkOptions options)
    : IPNetwork(address.visit([&](const auto& value) { return IPNetwork(Network(value, mask, options)); })) {}

constexpr IPAddress IPNetwork::network_address() const noexcept {
    return visit([](const auto& network) { return IPAddress(network.network_address()); });
}
constexpr IPAddress IPNetwork::broadcast_address() const noexcept {
    return visit([](const auto& network) { return IPAddress(network.broadcast_address()); });
}
constexpr IPAddress IPNetwork::netmask() const noexcept {
    return visit([](const auto& network) { return IPAddress(network.netmask()); });
}
constexpr IPAddress IPNetwork::hostmask() const noexcept {
    return visit([](const auto& network) { return IPAddress(network.hostmask()); });
}
constexpr Count IPNetwork::num_addresses() const noexcept {
    return visit([](const auto& network) { return Count(network.num_addresses()); });
}

constexpr bool IPNetwork::contains(const IPAddress& address) const noexcept {
    if (version() != address.version()) return false;
    return version() == 4 ? v4().contains(address.v4()) : v6().contains(address.v6());
}
constexpr bool IPNetwork::overlaps(const IPNetwork& other) const noexcept {
    if (version() != other.version()) return false;
    return version() == 4 ? v4().overlaps(other.v4()) : v6().overlaps(other.v6());
}
constexpr bool IPNetwork::subnet_of(const IPNetwork& other) const {
    require_version_of(other);
    return version() == 4 ? v4().subnet_of(other.v4()) : v6().subnet_of(other.v6());
}
constexpr int IPNetwork::compare_networks(const IPNetwork& other) const {
    require_version_of(other);
    return version() == 4 ? v4().compare_networks(other.v4()) : v6().compare_networks(other.v6());
}
constexpr IPNetwork IPNetwork::supernet(SubnetOptions options) const {
    return visit([&](const auto& network) { return IPNetwork(network.supernet(options)); });
}

constexpr IPNetwork::Addresses IPNetwork::addresses() const noexcept {
    if (version() == 4) return {{v4().addresses().make(), {}, 4}, v4().size()};
    return {{{}, v6().addresses().make(), 6}, v6().size()};
}
constexpr IPNetwork::Addresses IPNetwork::hosts() const noexcept {
    if (version() == 4) return {{v4().hosts().make(), {}, 4}, v4().hosts().size()};
    return {{{}, v6().hosts().make(), 6}, v6().hosts().size()};
}
constexpr IPNetwork::Subnets IPNetwork::subnets(SubnetOptions options) const {
    if (version() == 4) return {{v4().subnets(options).make(), {}, 4}, v4().subnets(options).size()};
    return {{{}, v6().subnets(options).make(), 6}, v6().subnets(options).size()};
}
constexpr IPNetwork::Excluded IPNetwork::address_exclude(const IPNetwork& other) const {
    require_version_of(other);
    if (version() == 4)
        return {{v4().address_exclude(other.v4()).make(), {}, 4}, v4().address_exclude(other.v4()).size()};
    return {{{}, v6().address_exclude(other.v6()).make(), 6}, v6().address_exclude(other.v6()).size()};
}

}  // namespace bight::ipaddress

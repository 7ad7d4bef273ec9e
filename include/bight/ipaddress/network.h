// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/ipaddress/address.h>
#include <bight/ipaddress/properties.h>
#include <bight/ipaddress/range.h>

#include <bit>
#include <compare>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace bight::ipaddress {

/// How host bits that are set are taken: as an error, or, not strict, as a slip that is mended by clearing them.
struct NetworkOptions {
    bool strict = true;
};

/// How much longer, or for supernet() shorter, the new prefix is; or what it is.
struct SubnetOptions {
    int prefixlen_diff = 1;
    std::optional<int> new_prefix = std::nullopt;
};

namespace detail {

template <class Address>
constexpr auto netmask(int prefixlen) noexcept {
    if constexpr (Address::version() == 4)
        return netmask32(prefixlen);
    else
        return netmask128(prefixlen);
}

/// The prefix length of a netmask or of a hostmask; all zeros and all ones are netmasks.
constexpr int prefix_of_mask(std::uint32_t mask) noexcept {
    if (std::countl_one(mask) + std::countr_zero(mask) >= 32) return std::countl_one(mask);
    if (std::countl_zero(mask) + std::countr_one(mask) == 32) return std::countl_zero(mask);
    return not_a_prefix;
}

/// "8", and for IPv4 "255.0.0.0" and "0.255.255.255".
template <class Address>
constexpr int parse_mask(std::string_view text) noexcept {
    int prefixlen = parse_prefix(text.data(), text.size(), Address::max_prefixlen());
    if constexpr (Address::version() == 4) {
        if (prefixlen != not_a_prefix) return prefixlen;
        auto mask = IPv4Address::parse(text);
        return mask ? prefix_of_mask(mask->to_int()) : not_a_prefix;
    }
    return prefixlen;
}

/// "address" or "address/mask".
template <class Address>
struct Split {
    std::optional<Address> address;
    int prefixlen = Address::max_prefixlen();

    explicit constexpr Split(std::string_view text) noexcept {
        auto slash = text.find('/');
        if (slash != text.npos) prefixlen = parse_mask<Address>(text.substr(slash + 1));
        if (prefixlen != not_a_prefix) address = Address::parse(text.substr(0, slash));
    }
};

template <class Address>
constexpr int checked_prefix(int prefixlen) {
    if (prefixlen < 0 || prefixlen > Address::max_prefixlen()) raise_prefix(prefixlen);
    return prefixlen;
}

template <class Address>
constexpr int checked_mask(std::string_view mask) {
    int prefixlen = parse_mask<Address>(mask);
    if (prefixlen == not_a_prefix) raise_netmask(mask);
    return prefixlen;
}

template <class Address>
using IndexOf = std::conditional_t<Address::version() == 4, std::uint64_t, Count>;

template <class Address>
using ValueOf = decltype(Address().to_int());

template <class Address>
struct MakeAddresses {
    using Value = Address;
    using Index = IndexOf<Address>;
    using Position = decltype(position(Index()));

    constexpr Address operator()(Position index) const noexcept {
        if (index == 0) return first;
        return Address(static_cast<ValueOf<Address>>(first.to_int() + static_cast<ValueOf<Address>>(index)));
    }

    Address first;
};

template <class Network>
struct MakeSubnets;
template <class Network>
struct MakeExcluded;

}  // namespace detail

/// A network: the addresses that begin with the same prefixlen() bits. It is a range of them, with random access.
///
/// Written as IPv4Network and IPv6Network. The network address of an IPv6 network may have a zone, which the addresses
/// in it do not show; containment does not look at zones.
template <class A>
class Network {
public:
    using Address = A;
    using Size = std::conditional_t<A::version() == 4, std::uint64_t, Count>;
    using Addresses = Range<detail::MakeAddresses<A>>;
    using Subnets = Range<detail::MakeSubnets<Network>>;
    using Excluded = Range<detail::MakeExcluded<Network>>;
    using value_type = A;
    using iterator = typename Addresses::iterator;
    using const_iterator = iterator;

    static constexpr std::size_t max_text_size = A::max_text_size + 4;

    /// 0.0.0.0/32 or ::/128
    constexpr Network() noexcept = default;

    // ---- Making one. Raises AddressValueError, NetmaskValueError, and ValueError for host bits that are set. ----------

    /// "192.0.2.0/24", "192.0.2.0/255.255.255.0", "192.0.2.0/0.0.0.255", "2001:db8::/32"; an address is a network of one.
    explicit constexpr Network(std::string_view text, NetworkOptions options = {}) {
        detail::Split<A> split(text);
        if (!split.address) detail::raise_not_a_network(A::version(), text);
        set(*split.address, split.prefixlen, options);
    }

    explicit constexpr Network(const A& address) noexcept : address_(address) {}
    constexpr Network(const A& address, int prefixlen, NetworkOptions options = {}) {
        set(address, detail::checked_prefix<A>(prefixlen), options);
    }
    constexpr Network(const A& address, std::string_view mask, NetworkOptions options = {}) {
        set(address, detail::checked_mask<A>(mask), options);
    }

    /// As from text, without raising.
    static constexpr std::optional<Network> parse(std::string_view text, NetworkOptions options = {}) noexcept {
        detail::Split<A> split(text);
        if (!split.address) return std::nullopt;
        Network network;
        if (!network.assign(*split.address, split.prefixlen) && options.strict) return std::nullopt;
        return network;
    }

    // ---- Its parts and forms. -----------------------------------------------------------------------------------------

    constexpr const A& network_address() const& noexcept { return address_; }
    constexpr A network_address() && noexcept { return address_; }
    constexpr A broadcast_address() const noexcept { return A(last()); }
    constexpr A netmask() const noexcept { return A(mask()); }
    constexpr A hostmask() const noexcept { return A(static_cast<Value>(~mask())); }
    constexpr int prefixlen() const noexcept { return prefixlen_; }
    constexpr Size num_addresses() const noexcept {
        if constexpr (A::version() == 4)
            return Size{1} << (32 - prefixlen_);
        else
            return Count::power_of_two(128 - prefixlen_);
    }
    static constexpr int version() noexcept { return A::version(); }
    static constexpr int max_prefixlen() noexcept { return A::max_prefixlen(); }

    /// Writes the text, without a NUL, into max_text_size bytes of room; returns its end.
    constexpr char* to_chars(char* out) const noexcept {
        return detail::write_prefix(address_.to_chars(out), prefixlen_);
    }

    std::string to_string() const;  // "192.0.2.0/24"
    std::string compressed() const { return to_string(); }
    std::string exploded() const;
    std::string with_prefixlen() const { return to_string(); }
    std::string with_netmask() const;   // "192.0.2.0/255.255.255.0"
    std::string with_hostmask() const;  // "192.0.2.0/0.0.0.255"

    /// For IPv4 the zone of RFC 2317, "0/24.2.0.192.in-addr.arpa"; for IPv6 that of the network address.
    std::string reverse_pointer() const;

    // ---- Its addresses. -----------------------------------------------------------------------------------------------

    constexpr iterator begin() const noexcept { return addresses().begin(); }
    constexpr iterator end() const noexcept { return addresses().end(); }
    constexpr Size size() const noexcept { return num_addresses(); }

    /// The address at `index`, counted from the end if it is negative; raises IndexError.
    template <Integer T>
    constexpr A operator[](T index) const {
        uint128 distance = detail::magnitude(index), most = static_cast<uint128>(static_cast<Value>(~mask()));
        if (detail::is_negative(index)) distance -= 1;
        if (distance > most) detail::raise_index();
        auto value = static_cast<Value>(distance);
        return A(static_cast<Value>(detail::is_negative(index) ? last() - value : address_.to_int() + value));
    }

    /// All of them: what begin() and end() walk.
    constexpr Addresses addresses() const noexcept;

    /// All but the network and broadcast addresses (IPv6: but the network address); both of a /31 or /127, the one of a
    /// /32 or /128.
    constexpr Addresses hosts() const noexcept;

    constexpr bool contains(const A& address) const noexcept {
        return (address.to_int() & mask()) == address_.to_int();
    }
    bool contains(const Network& network) const = delete;  // say network.subnet_of(*this)

    // ---- Other networks. ----------------------------------------------------------------------------------------------

    constexpr bool overlaps(const Network& other) const noexcept {
        return contains(other.address_) || other.contains(address_);
    }
    constexpr bool subnet_of(const Network& other) const noexcept {
        return prefixlen_ >= other.prefixlen_ && other.contains(address_);
    }
    constexpr bool supernet_of(const Network& other) const noexcept { return other.subnet_of(*this); }

    /// The networks of a longer prefix that make this one, in order; a network of one address has itself alone.
    /// Raises ValueError for lengths that do not fit.
    constexpr Subnets subnets(SubnetOptions options = {}) const;

    /// The network of a shorter prefix that holds this one; 0.0.0.0/0 and ::/0 have themselves. Raises ValueError.
    constexpr Network supernet(SubnetOptions options = {}) const;

    /// What is left without `other`, the largest network first. Raises ValueError if `other` is not within.
    constexpr Excluded address_exclude(const Network& other) const;

    /// -1, 0 or 1: by network address, then by prefix length.
    constexpr int compare_networks(const Network& other) const noexcept {
        auto order = *this <=> other;
        return order < 0 ? -1 : order > 0 ? 1 : 0;
    }

    // ---- What it is for: what holds for both its ends. ----------------------------------------------------------------

    constexpr bool is_multicast() const noexcept {
        return address_.is_multicast() && broadcast_address().is_multicast();
    }
    constexpr bool is_reserved() const noexcept { return address_.is_reserved() && broadcast_address().is_reserved(); }
    constexpr bool is_unspecified() const noexcept {
        return address_.is_unspecified() && broadcast_address().is_unspecified();
    }
    constexpr bool is_loopback() const noexcept { return address_.is_loopback() && broadcast_address().is_loopback(); }
    constexpr bool is_link_local() const noexcept {
        return address_.is_link_local() && broadcast_address().is_link_local();
    }
    constexpr bool is_site_local() const noexcept
        requires(A::version() == 6)
    {
        return address_.is_site_local() && broadcast_address().is_site_local();
    }

    /// Within one private block, with both ends private. Networks of mapped addresses are what their IPv4 networks are.
    constexpr bool is_private() const noexcept {
        if constexpr (A::version() == 6)
            if (auto mapped = address_.ipv4_mapped(); mapped && prefixlen_ > 96)
                return detail::is_private(mapped->to_int(), static_cast<std::uint32_t>(last()));
        return detail::is_private(address_.to_int(), last());
    }
    constexpr bool is_global() const noexcept {
        if constexpr (A::version() == 6) {
            if (auto mapped = address_.ipv4_mapped(); mapped && prefixlen_ > 96)
                return Network<IPv4Address>(*mapped, prefixlen_ - 96).is_global();
            return !is_private();
        } else {
            return !is_private() && detail::reach(address_.to_int(), last()) != detail::Reach::shared;
        }
    }

    friend constexpr bool operator==(const Network&, const Network&) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(const Network&, const Network&) noexcept = default;

private:
    using Value = decltype(A().to_int());

    constexpr Value mask() const noexcept { return detail::netmask<A>(prefixlen_); }
    constexpr Value last() const noexcept { return address_.to_int() | static_cast<Value>(~mask()); }

    /// Whether no host bit was set; those that were are cleared, and the zone with them.
    constexpr bool assign(const A& address, int prefixlen) noexcept {
        prefixlen_ = prefixlen;
        address_ = address;
        auto masked = address.to_int() & mask();
        if (masked == address.to_int()) return true;
        address_ = A(masked);
        return false;
    }
    constexpr void set(const A& address, int prefixlen, NetworkOptions options) {
        if (assign(address, prefixlen) || !options.strict) return;
        std::string_view scope_id;
        if constexpr (A::version() == 6) scope_id = address.scope_id().view();
        detail::raise_host_bits(A::version(), address.to_int(), scope_id, prefixlen);
    }

    A address_;
    int prefixlen_ = A::max_prefixlen();
};

using IPv4Network = Network<IPv4Address>;
using IPv6Network = Network<IPv6Address>;

std::ostream& operator<<(std::ostream& out, const IPv4Network& network);
std::ostream& operator<<(std::ostream& out, const IPv6Network& network);

}  // namespace bight::ipaddress

#include <bight/ipaddress/subnets.h>

// SPDX-License-Identifier: BSL-1.0
/// What networks are divided into, and joined to: the bodies of Network's ranges, and CPython's functions on many.
#pragma once

#include <bight/ipaddress/network.h>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <vector>

namespace bight::ipaddress {

namespace detail {

template <class Network>
struct MakeSubnets {
    using Value = Network;
    using Index = IndexOf<typename Network::Address>;
    using Position = decltype(position(Index()));

    constexpr Network operator()(Position index) const noexcept {
        using Address = typename Network::Address;
        if (network.prefixlen() == Network::max_prefixlen()) return network;
        auto value = network.network_address().to_int();
        if (index != 0) value |= static_cast<ValueOf<Address>>(index) << (Network::max_prefixlen() - prefixlen);
        return Network(Address(value), prefixlen);
    }

    Network network;
    int prefixlen = 0;
};

template <class Network>
struct MakeExcluded {
    using Value = Network;
    using Index = std::uint64_t;
    using Position = std::uint64_t;

    /// The other half of that subnet of the whole, one bit longer each time, which holds what is taken away.
    constexpr Network operator()(Position index) const noexcept {
        using Address = typename Network::Address;
        int length = prefixlen + 1 + static_cast<int>(index);
        auto bit = ValueOf<Address>{1} << (Network::max_prefixlen() - length);
        return Network(Address((excluded.to_int() & netmask<Address>(length)) ^ bit), length);
    }

    typename Network::Address excluded;
    int prefixlen = 0;
};

constexpr int bit_width(uint128 value) noexcept {
    auto high = static_cast<std::uint64_t>(value >> 64);
    return static_cast<int>(high != 0 ? 64 + std::bit_width(high) : std::bit_width(static_cast<std::uint64_t>(value)));
}
constexpr int countr_zero(uint128 value) noexcept {
    auto low = static_cast<std::uint64_t>(value);
    return low != 0 ? std::countr_zero(low) : 64 + std::countr_zero(static_cast<std::uint64_t>(value >> 64));
}

/// `address` without its zone.
template <class Address>
constexpr Address bare(const Address& address) noexcept {
    return Address(address.to_int());
}

}  // namespace detail

template <class A>
constexpr typename Network<A>::Addresses Network<A>::addresses() const noexcept {
    return {{detail::bare(address_)}, num_addresses()};
}

template <class A>
constexpr typename Network<A>::Addresses Network<A>::hosts() const noexcept {
    if (prefixlen_ == max_prefixlen()) return {{address_}, num_addresses()};
    if (prefixlen_ == max_prefixlen() - 1) return addresses();
    constexpr unsigned left_out = A::version() == 4 ? 2 : 1;
    return {{address_ + 1}, num_addresses() - left_out};
}

template <class A>
constexpr typename Network<A>::Subnets Network<A>::subnets(SubnetOptions options) const {
    using detail::BadLength;
    if (prefixlen_ == max_prefixlen()) return {{*this, prefixlen_}, 1u};
    int diff = options.prefixlen_diff;
    if (options.new_prefix) {
        if (*options.new_prefix < prefixlen_)
            detail::raise_length(BadLength::not_longer, prefixlen_, *options.new_prefix);
        if (diff != 1) detail::raise_length(BadLength::both_given, prefixlen_, diff);
        diff = *options.new_prefix - prefixlen_;
    }
    if (diff < 0) detail::raise_length(BadLength::negative, prefixlen_, diff);
    if (diff > max_prefixlen() - prefixlen_) detail::raise_length(BadLength::too_long, prefixlen_, diff);
    Size size;
    if constexpr (A::version() == 4)
        size = Size{1} << diff;
    else
        size = Count::power_of_two(diff);
    return {{*this, prefixlen_ + diff}, size};
}

template <class A>
constexpr Network<A> Network<A>::supernet(SubnetOptions options) const {
    using detail::BadLength;
    if (prefixlen_ == 0) return *this;
    int diff = options.prefixlen_diff;
    if (options.new_prefix) {
        if (*options.new_prefix > prefixlen_)
            detail::raise_length(BadLength::not_shorter, prefixlen_, *options.new_prefix);
        if (diff != 1) detail::raise_length(BadLength::both_given, prefixlen_, diff);
        if (*options.new_prefix < 0) detail::raise_length(BadLength::no_prefix, prefixlen_, *options.new_prefix);
        diff = prefixlen_ - *options.new_prefix;
    }
    if (diff < 0) detail::raise_length(BadLength::negative, prefixlen_, diff);
    if (diff > prefixlen_) detail::raise_length(BadLength::too_short, prefixlen_, diff);
    return Network(detail::bare(address_), prefixlen_ - diff, {.strict = false});
}

template <class A>
constexpr typename Network<A>::Excluded Network<A>::address_exclude(const Network& other) const {
    if (!other.subnet_of(*this)) detail::raise_not_contained(other.to_string(), to_string());
    return {{other.address_, prefixlen_}, static_cast<std::uint64_t>(other.prefixlen_ - prefixlen_)};
}

// ---- Ranges of addresses as networks. ----------------------------------------------------------------------------------

/// The fewest networks that hold the addresses from one to another and no other, in order; made when they are looked at.
/// See summarize_address_range().
template <class A>
class Summary {
    using Value = detail::ValueOf<A>;

public:
    class iterator {
    public:
        using value_type = Network<A>;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;
        using iterator_concept = std::forward_iterator_tag;
        using reference = value_type;
        using pointer = void;

        constexpr iterator() noexcept = default;
        constexpr iterator(Value first, Value last) noexcept : first_(first), last_(last), left_(true) {}

        constexpr value_type operator*() const noexcept {
            return value_type(A(first_), A::max_prefixlen() - host_bits());
        }
        constexpr iterator& operator++() noexcept {
            Value most = static_cast<Value>(~detail::netmask<A>(A::max_prefixlen() - host_bits()));
            left_ = last_ - first_ > most;
            first_ = left_ ? first_ + most + 1 : Value{};
            if (!left_) last_ = Value{};
            return *this;
        }
        constexpr iterator operator++(int) noexcept {
            auto before = *this;
            ++*this;
            return before;
        }
        friend constexpr bool operator==(const iterator&, const iterator&) noexcept = default;

    private:
        /// As many as the first address has zeros at its end, and as fit before the last one.
        constexpr int host_bits() const noexcept {
            Value more = last_ - first_;
            int fit = more == static_cast<Value>(~Value{}) ? A::max_prefixlen() : detail::bit_width(more + 1) - 1;
            return first_ == 0 ? fit : std::min(fit, detail::countr_zero(first_));
        }

        Value first_{}, last_{};
        bool left_ = false;
    };

    constexpr Summary(const A& first, const A& last) noexcept : first_(first.to_int()), last_(last.to_int()) {}
    constexpr iterator begin() const noexcept { return {first_, last_}; }
    constexpr iterator end() const noexcept { return {}; }

private:
    Value first_, last_;
};

/// Raises ValueError if `last` is below `first`.
template <class A>
constexpr Summary<A> summarize_address_range(const A& first, const A& last) {
    if (last.to_int() < first.to_int()) detail::raise_range();
    return {first, last};
}

/// The fewest networks that hold what `networks` hold, in order. N is IPv4Network, IPv6Network or IPNetwork; of mixed
/// versions, raises TypeError. In time n log n.
template <class N>
    requires requires(const N& network) { network.prefixlen(), network.hosts(); }
std::vector<N> collapse_addresses(std::vector<N> networks);

/// The same of addresses.
template <class A>
    requires std::same_as<A, IPv4Address> || std::same_as<A, IPv6Address>
std::vector<Network<A>> collapse_addresses(const std::vector<A>& addresses) {
    std::vector<Network<A>> networks;
    networks.reserve(addresses.size());
    for (const auto& address : addresses) networks.emplace_back(address);
    return collapse_addresses(std::move(networks));
}

}  // namespace bight::ipaddress

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/ipaddress/network.h>

#include <compare>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace bight::ipaddress {

/// An address together with the network that it is on: "192.0.2.5/24". It is an address, with all its properties.
///
/// Written as IPv4Interface and IPv6Interface. An interface never equals an address, and comes after every one.
template <class A>
class Interface : public A {
public:
    using Address = A;

    static constexpr std::size_t max_text_size = A::max_text_size + 4;

    /// 0.0.0.0/32 or ::/128
    constexpr Interface() noexcept = default;

    // ---- Making one. Raises AddressValueError and NetmaskValueError. --------------------------------------------------

    /// As for networks; an address alone is on a network of one.
    explicit constexpr Interface(std::string_view text) {
        detail::Split<A> split(text);
        if (!split.address) detail::raise_not_a_network(A::version(), text);
        *this = Interface(*split.address, split.prefixlen);
    }

    explicit constexpr Interface(const A& address) noexcept : A(address) {}
    constexpr Interface(const A& address, int prefixlen)
        : A(address), prefixlen_(detail::checked_prefix<A>(prefixlen)) {}
    constexpr Interface(const A& address, std::string_view mask)
        : A(address), prefixlen_(detail::checked_mask<A>(mask)) {}

    /// As from text, without raising.
    static constexpr std::optional<Interface> parse(std::string_view text) noexcept {
        detail::Split<A> split(text);
        if (!split.address) return std::nullopt;
        Interface parsed(*split.address);
        parsed.prefixlen_ = split.prefixlen;
        return parsed;
    }

    // ---- Its parts and forms. -----------------------------------------------------------------------------------------

    /// The address alone, without its zone.
    constexpr A ip() const noexcept { return A(this->to_int()); }
    constexpr Network<A> network() const noexcept { return {*this, prefixlen_, {.strict = false}}; }
    constexpr A netmask() const noexcept { return network().netmask(); }
    constexpr A hostmask() const noexcept { return network().hostmask(); }
    constexpr int prefixlen() const noexcept { return prefixlen_; }

    /// Writes the text, without a NUL, into max_text_size bytes of room; returns its end.
    constexpr char* to_chars(char* out) const noexcept { return detail::write_prefix(A::to_chars(out), prefixlen_); }

    std::string to_string() const;  // "192.0.2.5/24"
    std::string compressed() const { return to_string(); }
    std::string exploded() const;

    // Without the zone, as in CPython.
    std::string with_prefixlen() const;
    std::string with_netmask() const;   // "192.0.2.5/255.255.255.0"
    std::string with_hostmask() const;  // "192.0.2.5/0.0.0.255"

    /// As Network::reverse_pointer, for this address.
    std::string reverse_pointer() const;

    /// As the address's; s writes the text with its prefix.
    std::string format(std::string_view spec) const;

    /// For IPv6, only if the whole network is.
    constexpr bool is_unspecified() const noexcept {
        return A::is_unspecified() && (A::version() == 4 || network().is_unspecified());
    }
    constexpr bool is_loopback() const noexcept {
        return A::is_loopback() && (A::version() == 4 || network().is_loopback());
    }

    friend constexpr bool operator==(const Interface& a, const Interface& b) noexcept {
        return static_cast<const A&>(a) == static_cast<const A&>(b) && a.prefixlen_ == b.prefixlen_;
    }
    friend constexpr bool operator==(const Interface&, const A&) noexcept { return false; }

    /// By network, then by address.
    friend constexpr std::strong_ordering operator<=>(const Interface& a, const Interface& b) noexcept {
        if (auto order = a.network() <=> b.network(); order != 0) return order;
        return static_cast<const A&>(a) <=> static_cast<const A&>(b);
    }
    friend constexpr std::strong_ordering operator<=>(const Interface&, const A&) noexcept {
        return std::strong_ordering::greater;
    }

    /// The interface of the address so much further on, with a network of one.
    template <Integer T>
    friend constexpr Interface operator+(const Interface& interface, T step) {
        return Interface(detail::moved(static_cast<const A&>(interface), step, false));
    }
    template <Integer T>
    friend constexpr Interface operator-(const Interface& interface, T step) {
        return Interface(detail::moved(static_cast<const A&>(interface), step, true));
    }

private:
    int prefixlen_ = A::max_prefixlen();
};

using IPv4Interface = Interface<IPv4Address>;
using IPv6Interface = Interface<IPv6Address>;

std::ostream& operator<<(std::ostream& out, const IPv4Interface& interface);
std::ostream& operator<<(std::ostream& out, const IPv6Interface& interface);

}  // namespace bight::ipaddress

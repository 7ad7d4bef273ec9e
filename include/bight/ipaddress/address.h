// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/bytes.h>
#include <bight/ipaddress/error.h>
#include <bight/ipaddress/number.h>
#include <bight/ipaddress/parse.h>
#include <bight/ipaddress/text.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace bight::ipaddress {

/// An IPv4 address: a number of 32 bits.
///
/// Properties such as is_private() answer by the IANA registry of registry_date(); see properties.h.
class IPv4Address {
public:
    /// Room that to_chars() wants.
    static constexpr std::size_t max_text_size = 16;

    /// 0.0.0.0
    constexpr IPv4Address() noexcept = default;

    // ---- Making one. Raises AddressValueError. ------------------------------------------------------------------------

    /// Four decimal octets, no leading zeros.
    explicit constexpr IPv4Address(std::string_view text) {
        auto value = parse_text(text);
        if (value == detail::not_ipv4) detail::raise_not_an_ipv4_address(text);
        value_ = static_cast<std::uint32_t>(value);
    }

    template <Integer T>
    explicit constexpr IPv4Address(T value) : value_(static_cast<std::uint32_t>(value)) {
        if (detail::is_negative(value) || detail::magnitude(value) > UINT32_MAX)
            detail::raise_number(4, detail::is_negative(value), detail::magnitude(value));
    }

    /// From 4 bytes, the highest first.
    static constexpr IPv4Address from_packed(std::array<std::byte, 4> packed) noexcept {
        std::uint32_t value = 0;
        for (auto byte : packed) value = value << 8 | static_cast<std::uint32_t>(byte);
        return IPv4Address(value);
    }
    static IPv4Address from_packed(Bytes packed);

    /// As from text, without raising: nothing for what is no address.
    static constexpr std::optional<IPv4Address> parse(std::string_view text) noexcept {
        auto value = parse_text(text);
        if (value == detail::not_ipv4) return std::nullopt;
        return IPv4Address(static_cast<std::uint32_t>(value));
    }

    // ---- Its forms. ---------------------------------------------------------------------------------------------------

    constexpr std::uint32_t to_int() const noexcept { return value_; }
    constexpr std::array<std::byte, 4> packed() const noexcept {
        return {std::byte(value_ >> 24), std::byte(value_ >> 16 & 0xff), std::byte(value_ >> 8 & 0xff),
                std::byte(value_ & 0xff)};
    }

    /// Writes the text, at most 15 characters and no NUL, into max_text_size bytes of room; returns its end.
    constexpr char* to_chars(char* out) const noexcept { return detail::write_ipv4(out, value_); }

    std::string to_string() const;
    std::string compressed() const { return to_string(); }
    std::string exploded() const { return to_string(); }

    /// "1.0.0.127.in-addr.arpa"
    std::string reverse_pointer() const;

    /// By a format spec of Python's: b, x, X or n (here b) with # and _ before it, or s with fill, alignment and width.
    std::string format(std::string_view spec) const;

    static constexpr int version() noexcept { return 4; }
    static constexpr int max_prefixlen() noexcept { return 32; }

    // ---- What it is for. ----------------------------------------------------------------------------------------------

    constexpr bool is_multicast() const noexcept { return value_ >> 28 == 0xe; }
    constexpr bool is_reserved() const noexcept { return value_ >> 28 == 0xf; }
    constexpr bool is_unspecified() const noexcept { return value_ == 0; }
    constexpr bool is_loopback() const noexcept { return value_ >> 24 == 127; }
    constexpr bool is_link_local() const noexcept { return value_ >> 16 == 0xa9fe; }

    /// Not reachable from everywhere by the registry, except for 100.64.0.0/10, which is neither private nor global.
    constexpr bool is_private() const noexcept;
    constexpr bool is_global() const noexcept;

    friend constexpr bool operator==(const IPv4Address&, const IPv4Address&) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(const IPv4Address&, const IPv4Address&) noexcept = default;

private:
    static std::uint64_t parse_at_run_time(std::string_view text) noexcept;

    static constexpr std::uint64_t parse_text(std::string_view text) noexcept {
        if consteval {
            return detail::parse_ipv4(text.data(), text.size());
        } else {
            return parse_at_run_time(text);
        }
    }

    std::uint32_t value_ = 0;
};

/// The zone of an IPv6 address, after its '%': 1 to 15 bytes without NUL, '%' and '/', or nothing. A value, which keeps
/// its text inside itself.
class ScopeId {
public:
    static constexpr std::size_t max_size = 15;

    constexpr ScopeId() noexcept = default;

    /// Raises AddressValueError; an empty text is an error too.
    explicit constexpr ScopeId(std::string_view text) {
        if (!is_valid(text)) detail::raise_not_a_scope_id(text);
        detail::copy(text_, text.data(), text.size());
        size_ = static_cast<std::uint8_t>(text.size());
    }

    static constexpr bool is_valid(std::string_view text) noexcept {
        if (text.empty() || text.size() > max_size) return false;
        for (char c : text)
            if (c == '\0' || c == '%' || c == '/') return false;
        return true;
    }

    constexpr bool empty() const noexcept { return size_ == 0; }

    /// Valid as long as this object.
    constexpr std::string_view view() const noexcept { return {text_, size_}; }
    std::string to_string() const { return std::string(view()); }

    friend constexpr bool operator==(const ScopeId& a, const ScopeId& b) noexcept { return a.view() == b.view(); }
    friend constexpr bool operator==(const ScopeId& a, std::string_view b) noexcept { return a.view() == b; }
    friend constexpr auto operator<=>(const ScopeId& a, const ScopeId& b) noexcept { return a.view() <=> b.view(); }

private:
    char text_[max_size] = {};
    std::uint8_t size_ = 0;
};

struct Teredo;

/// An IPv6 address: a number of 128 bits, and perhaps a zone ("fe80::1%eth0").
///
/// Addresses that differ in their zones alone are different, and ordered by zone. Whatever is computed from an address
/// has no zone. The properties of a mapped address (::ffff:0:0/96) are those of its IPv4 address.
class IPv6Address {
public:
    /// Room that to_chars() wants.
    static constexpr std::size_t max_text_size = 40 + 1 + ScopeId::max_size;

    /// ::
    constexpr IPv6Address() noexcept = default;

    // ---- Making one. Raises AddressValueError. ------------------------------------------------------------------------

    /// Groups, "::", a dotted tail, a zone.
    explicit constexpr IPv6Address(std::string_view text) {
        if (!assign(text)) detail::raise_not_an_ipv6_address(text);
    }

    template <Integer T>
    explicit constexpr IPv6Address(T value, const ScopeId& scope_id = {})
        : high_(static_cast<std::uint64_t>(static_cast<uint128>(value) >> 64)),
          low_(static_cast<std::uint64_t>(value)),
          scope_id_(scope_id) {
        if (detail::is_negative(value)) detail::raise_number(6, true, detail::magnitude(value));
    }

    /// From 16 bytes, the highest first.
    static constexpr IPv6Address from_packed(std::array<std::byte, 16> packed) noexcept {
        uint128 value = 0;
        for (auto byte : packed) value = value << 8 | static_cast<std::uint8_t>(byte);
        return IPv6Address(value);
    }
    static IPv6Address from_packed(Bytes packed);

    /// As from text, without raising: nothing for what is no address.
    static constexpr std::optional<IPv6Address> parse(std::string_view text) noexcept {
        IPv6Address address;
        if (!address.assign(text)) return std::nullopt;
        return address;
    }

    // ---- Its forms. ---------------------------------------------------------------------------------------------------

    constexpr uint128 to_int() const noexcept { return static_cast<uint128>(high_) << 64 | low_; }
    constexpr std::array<std::byte, 16> packed() const noexcept {
        std::array<std::byte, 16> bytes{};
        for (std::size_t i = 0; i < 8; ++i) {
            bytes[i] = std::byte(high_ >> (56 - 8 * i) & 0xff);
            bytes[8 + i] = std::byte(low_ >> (56 - 8 * i) & 0xff);
        }
        return bytes;
    }

    /// Writes the text, without a NUL, into max_text_size bytes of room; returns its end.
    constexpr char* to_chars(char* out) const noexcept {
        out = detail::write_ipv6(out, to_int());
        if (scope_id_.empty()) return out;
        *out++ = '%';
        detail::copy(out, scope_id_.view().data(), scope_id_.view().size());
        return out + scope_id_.view().size();
    }

    std::string to_string() const;
    std::string compressed() const { return to_string(); }

    /// All groups with four digits each, without the zone.
    std::string exploded() const;

    /// 32 digits, then "ip6.arpa".
    std::string reverse_pointer() const;

    /// By a format spec of Python's, as IPv4Address::format; n is x here.
    std::string format(std::string_view spec) const;

    static constexpr int version() noexcept { return 6; }
    static constexpr int max_prefixlen() noexcept { return 128; }

    /// The zone; empty if it has none.
    constexpr const ScopeId& scope_id() const& noexcept { return scope_id_; }
    constexpr ScopeId scope_id() && noexcept { return scope_id_; }

    // ---- IPv4 addresses inside. ---------------------------------------------------------------------------------------

    /// Of ::ffff:0:0/96.
    constexpr std::optional<IPv4Address> ipv4_mapped() const noexcept {
        if (high_ != 0 || low_ >> 32 != 0xffff) return std::nullopt;
        return IPv4Address(static_cast<std::uint32_t>(low_));
    }

    /// Of 2002::/16.
    constexpr std::optional<IPv4Address> sixtofour() const noexcept {
        if (high_ >> 48 != 0x2002) return std::nullopt;
        return IPv4Address(static_cast<std::uint32_t>(high_ >> 16));
    }

    /// Of 2001::/32.
    constexpr std::optional<Teredo> teredo() const noexcept;

    /// Of 64:ff9b::/96, the prefix of NAT64 (RFC 6052).
    constexpr std::optional<IPv4Address> nat64() const noexcept {
        if (high_ != 0x0064ff9b00000000 || low_ >> 32 != 0) return std::nullopt;
        return IPv4Address(static_cast<std::uint32_t>(low_));
    }

    // ---- What it is for. ----------------------------------------------------------------------------------------------

    constexpr bool is_multicast() const noexcept;
    constexpr bool is_reserved() const noexcept;
    constexpr bool is_unspecified() const noexcept;
    constexpr bool is_loopback() const noexcept;
    constexpr bool is_link_local() const noexcept;

    /// Of fec0::/10, which RFC 3879 took out of use.
    constexpr bool is_site_local() const noexcept { return high_ >> 54 == 0xfec0 >> 6; }

    constexpr bool is_private() const noexcept;
    constexpr bool is_global() const noexcept;

    friend constexpr bool operator==(const IPv6Address&, const IPv6Address&) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(const IPv6Address&, const IPv6Address&) noexcept = default;

private:
    bool assign_at_run_time(std::string_view text) noexcept;

    constexpr bool assign(std::string_view text) noexcept {
        if consteval {
            return assign_parsed(text);
        } else {
            return assign_at_run_time(text);
        }
    }
    constexpr bool assign_parsed(std::string_view text) noexcept {
        auto [value, size] = detail::parse_ipv6(text.data(), text.size());
        if (size == 0) return false;
        high_ = static_cast<std::uint64_t>(value >> 64);
        low_ = static_cast<std::uint64_t>(value);
        if (size == text.size()) return true;
        auto scope_id = text.substr(size + 1);
        if (text[size] != '%' || !ScopeId::is_valid(scope_id)) return false;
        scope_id_ = ScopeId(scope_id);
        return true;
    }

    std::uint64_t high_ = 0, low_ = 0;
    ScopeId scope_id_;
};

/// What a Teredo address (RFC 4380) tells of its client.
struct Teredo {
    IPv4Address server, client;

    friend constexpr bool operator==(const Teredo&, const Teredo&) noexcept = default;
};

constexpr std::optional<Teredo> IPv6Address::teredo() const noexcept {
    if (high_ >> 32 != 0x20010000) return std::nullopt;
    return Teredo{IPv4Address(static_cast<std::uint32_t>(high_)), IPv4Address(static_cast<std::uint32_t>(~low_))};
}

// ---- Arithmetic. Raises AddressValueError outside of the range; the zone is lost. --------------------------------------

namespace detail {

/// `value` moved by `step`, at most 2**(8 * sizeof value) - 1, or an error.
template <class Address, Integer T>
constexpr Address moved(const Address& address, T step, bool backwards) {
    constexpr uint128 most = ~uint128{0} >> (128 - Address::max_prefixlen());
    uint128 value = address.to_int(), distance = magnitude(step);
    if (is_negative(step) != backwards) {
        if (distance > value) raise_number(Address::version(), true, distance - value);
        return Address(value - distance);
    }
    if (distance > most - value) raise_number(Address::version(), false, Count(value) + Count(distance));
    return Address(value + distance);
}

}  // namespace detail

template <Integer T>
constexpr IPv4Address operator+(const IPv4Address& address, T step) {
    return detail::moved(address, step, false);
}
template <Integer T>
constexpr IPv4Address operator-(const IPv4Address& address, T step) {
    return detail::moved(address, step, true);
}
template <Integer T>
constexpr IPv6Address operator+(const IPv6Address& address, T step) {
    return detail::moved(address, step, false);
}
template <Integer T>
constexpr IPv6Address operator-(const IPv6Address& address, T step) {
    return detail::moved(address, step, true);
}

std::ostream& operator<<(std::ostream& out, const ScopeId& scope_id);
std::ostream& operator<<(std::ostream& out, const IPv4Address& address);
std::ostream& operator<<(std::ostream& out, const IPv6Address& address);

}  // namespace bight::ipaddress

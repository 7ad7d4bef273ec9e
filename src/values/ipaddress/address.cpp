// SPDX-License-Identifier: BSL-1.0
#include <bight/ipaddress/address.h>

#include "values/ipaddress/format.h"

#include <bight/ipaddress/any.h>

#include <ostream>

namespace bight::ipaddress {
namespace {

template <std::size_t Size>
std::array<std::byte, Size> exactly(int version, Bytes packed) {
    if (packed.size() != Size) detail::raise_packed(version, packed);
    std::array<std::byte, Size> bytes;
    for (std::size_t i = 0; i < Size; ++i) bytes[i] = packed[i];
    return bytes;
}

template <class Value>
std::string text_of(const Value& value) {
    char text[Value::max_text_size];
    return {text, value.to_chars(text)};
}

template <class Value>
std::ostream& write(std::ostream& out, const Value& value) {
    char text[Value::max_text_size];
    return out << std::string_view(text, value.to_chars(text));
}

}  // namespace

// ---- The entrances of the parser at run time: compiled here once, optimised as the library is. ------------------------

[[gnu::flatten]] std::uint64_t IPv4Address::parse_at_run_time(std::string_view text) noexcept {
    return detail::parse_ipv4(text.data(), text.size());
}

[[gnu::flatten]] bool IPv6Address::assign_at_run_time(std::string_view text) noexcept { return assign_parsed(text); }

// ---- IPv4Address -------------------------------------------------------------------------------------------------------

IPv4Address IPv4Address::from_packed(Bytes packed) { return from_packed(exactly<4>(4, packed)); }

std::string IPv4Address::to_string() const { return text_of(*this); }

std::string IPv4Address::reverse_pointer() const {
    return text_of(IPv4Address(__builtin_bswap32(value_))) + ".in-addr.arpa";
}

std::string IPv4Address::format(std::string_view spec) const {
    return format_address(spec, value_, 32, [&] { return to_string(); });
}

// ---- IPv6Address -------------------------------------------------------------------------------------------------------

IPv6Address IPv6Address::from_packed(Bytes packed) { return from_packed(exactly<16>(6, packed)); }

std::string IPv6Address::to_string() const { return text_of(*this); }

std::string IPv6Address::exploded() const {
    char text[40];
    for (unsigned i = 0; i < 8; ++i) {
        detail::store(text + 5 * i, detail::digits_of(detail::group_of(to_int(), i)));
        text[5 * i + 4] = ':';
    }
    return {text, 39};
}

std::string IPv6Address::reverse_pointer() const {
    std::string text;
    text.reserve(64 + 8);
    for (unsigned shift = 0; shift < 128; shift += 4) {
        text += "0123456789abcdef"[static_cast<unsigned>(to_int() >> shift) & 15];
        text += '.';
    }
    return text + "ip6.arpa";
}

std::string IPv6Address::format(std::string_view spec) const {
    return format_address(spec, to_int(), 128, [&] { return to_string(); });
}

// ---- IPAddress ---------------------------------------------------------------------------------------------------------

IPAddress IPAddress::from_packed(Bytes packed) {
    if (packed.size() == 4) return IPv4Address::from_packed(packed);
    return IPv6Address::from_packed(packed);
}

std::string IPAddress::packed() const {
    return visit([](const auto& address) { return Bytes(address.packed()).to_string(); });
}

// ---- Text of all of them. ----------------------------------------------------------------------------------------------

template <class A>
std::string Network<A>::to_string() const {
    return text_of(*this);
}

template <class A>
std::string Network<A>::exploded() const {
    return address_.exploded() + '/' + std::to_string(prefixlen_);
}

template <class A>
std::string Network<A>::with_netmask() const {
    return address_.to_string() + '/' + netmask().to_string();
}

template <class A>
std::string Network<A>::with_hostmask() const {
    return address_.to_string() + '/' + hostmask().to_string();
}

namespace {

/// "0/24.2.0.192.in-addr.arpa": the prefix length goes with the last octet.
std::string classless_pointer(const IPv4Address& address, int prefixlen) {
    auto pointer = address.reverse_pointer();
    return pointer.insert(pointer.find('.'), '/' + std::to_string(prefixlen));
}
std::string classless_pointer(const IPv6Address& address, int) { return address.reverse_pointer(); }

}  // namespace

template <class A>
std::string Network<A>::reverse_pointer() const {
    return classless_pointer(address_, prefixlen_);
}

template <class A>
std::string Interface<A>::to_string() const {
    return text_of(*this);
}

template <class A>
std::string Interface<A>::exploded() const {
    return A::exploded() + '/' + std::to_string(prefixlen_);
}

template <class A>
std::string Interface<A>::with_prefixlen() const {
    return ip().to_string() + '/' + std::to_string(prefixlen_);
}

template <class A>
std::string Interface<A>::with_netmask() const {
    return ip().to_string() + '/' + netmask().to_string();
}

template <class A>
std::string Interface<A>::with_hostmask() const {
    return ip().to_string() + '/' + hostmask().to_string();
}

template <class A>
std::string Interface<A>::reverse_pointer() const {
    return classless_pointer(*this, prefixlen_);
}

template <class A>
std::string Interface<A>::format(std::string_view spec) const {
    return format_address(spec, this->to_int(), A::max_prefixlen(), [&] { return to_string(); });
}

template class Network<IPv4Address>;
template class Network<IPv6Address>;
template class Interface<IPv4Address>;
template class Interface<IPv6Address>;

std::ostream& operator<<(std::ostream& out, const ScopeId& scope_id) { return out << scope_id.view(); }
std::ostream& operator<<(std::ostream& out, const IPv4Address& address) { return write(out, address); }
std::ostream& operator<<(std::ostream& out, const IPv6Address& address) { return write(out, address); }
std::ostream& operator<<(std::ostream& out, const IPAddress& address) { return write(out, address); }
std::ostream& operator<<(std::ostream& out, const IPv4Network& network) { return write(out, network); }
std::ostream& operator<<(std::ostream& out, const IPv6Network& network) { return write(out, network); }
std::ostream& operator<<(std::ostream& out, const IPNetwork& network) { return write(out, network); }
std::ostream& operator<<(std::ostream& out, const IPv4Interface& interface) { return write(out, interface); }
std::ostream& operator<<(std::ostream& out, const IPv6Interface& interface) { return write(out, interface); }
std::ostream& operator<<(std::ostream& out, const IPInterface& interface) { return write(out, interface); }

}  // namespace bight::ipaddress

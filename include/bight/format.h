// SPDX-License-Identifier: BSL-1.0
/// std::format for bight's values, where the standard library has it: by the specs of their format(), and of text for
/// those without one.
#pragma once

#include <bight/ipaddress.h>

#include <version>

#ifdef __cpp_lib_format

#include <algorithm>
#include <format>

namespace bight::detail {

template <class T>
concept FormatsBySpec = requires(const T& value) { value.format(std::string_view()); };

/// Keeps the spec, and leaves its reading to the value; a bad one raises std::format_error.
template <class T>
struct SpecFormatter {
    constexpr auto parse(std::format_parse_context& context) {
        auto end = std::find(context.begin(), context.end(), '}');
        spec = {context.begin(), end};
        return end;
    }

    auto format(const T& value, std::format_context& context) const {
        try {
            return std::ranges::copy(value.format(spec), context.out()).out;
        } catch (const ValueError& error) {
            throw std::format_error(error.what());
        }
    }

    std::string_view spec;
};

template <class T>
struct TextFormatter : std::formatter<std::string_view> {
    auto format(const T& value, std::format_context& context) const {
        return std::formatter<std::string_view>::format(value.to_string(), context);
    }
};

template <class T>
struct AnyFormatter : TextFormatter<T> {};
template <FormatsBySpec T>
struct AnyFormatter<T> : SpecFormatter<T> {};

}  // namespace bight::detail

template <>
struct std::formatter<bight::ipaddress::IPv4Address> : bight::detail::AnyFormatter<bight::ipaddress::IPv4Address> {};
template <>
struct std::formatter<bight::ipaddress::IPv6Address> : bight::detail::AnyFormatter<bight::ipaddress::IPv6Address> {};
template <>
struct std::formatter<bight::ipaddress::IPAddress> : bight::detail::AnyFormatter<bight::ipaddress::IPAddress> {};
template <class Address>
struct std::formatter<bight::ipaddress::Interface<Address>>
    : bight::detail::AnyFormatter<bight::ipaddress::Interface<Address>> {};
template <>
struct std::formatter<bight::ipaddress::IPInterface> : bight::detail::AnyFormatter<bight::ipaddress::IPInterface> {};
template <class Address>
struct std::formatter<bight::ipaddress::Network<Address>>
    : bight::detail::AnyFormatter<bight::ipaddress::Network<Address>> {};
template <>
struct std::formatter<bight::ipaddress::IPNetwork> : bight::detail::AnyFormatter<bight::ipaddress::IPNetwork> {};
template <>
struct std::formatter<bight::ipaddress::Count> : bight::detail::AnyFormatter<bight::ipaddress::Count> {};

#endif

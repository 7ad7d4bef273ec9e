// SPDX-License-Identifier: BSL-1.0
/// What goes wrong with addresses. The messages are CPython's, and name the octet, group or prefix at fault.
#pragma once

#include <bight/bytes.h>
#include <bight/error.h>
#include <bight/ipaddress/number.h>

#include <string_view>

namespace bight::ipaddress {

/// No address: its text, its number or its bytes.
class AddressValueError : public ValueError {
    using ValueError::ValueError;
};

/// No prefix length, netmask or hostmask.
class NetmaskValueError : public ValueError {
    using ValueError::ValueError;
};

namespace detail {

// None of these can be called at compile time: that is how a bad literal fails to compile, with one of these names in
// the compiler's message. Each finds out for itself what is wrong with the text, which the parser does not.

[[noreturn]] void raise_not_an_ipv4_address(std::string_view text);
[[noreturn]] void raise_not_an_ipv6_address(std::string_view text);
[[noreturn]] void raise_not_a_scope_id(std::string_view text);

enum class What { address, network, interface };

/// `text` may be of either version.
[[noreturn]] void raise_not_an_ip(What what, std::string_view text);

/// `text` is "address" or "address/prefix".
[[noreturn]] void raise_not_a_network(int version, std::string_view text);

[[noreturn]] void raise_number(int version, bool negative, const Count& magnitude);
[[noreturn]] void raise_packed(int version, Bytes packed);
[[noreturn]] void raise_packed_range(int version);
[[noreturn]] void raise_netmask(std::string_view text);
[[noreturn]] void raise_prefix(int prefixlen);
[[noreturn]] void raise_host_bits(int version, uint128 address, std::string_view scope_id, int prefixlen);
[[noreturn]] void raise_index();
[[noreturn]] void raise_range();
[[noreturn]] void raise_not_contained(std::string_view inner, std::string_view outer);
[[noreturn]] void raise_versions(std::string_view a, std::string_view b);
[[noreturn]] void raise_wrong_version(int wanted);

enum class BadLength { not_longer, not_shorter, both_given, negative, no_prefix, too_long, too_short };

/// What subnets() and supernet() say; `number` is the length or the difference at fault.
[[noreturn]] void raise_length(BadLength what, int prefixlen, int number);

}  // namespace detail
}  // namespace bight::ipaddress

// SPDX-License-Identifier: BSL-1.0
#include "ip_facts.h"

#include <string>
#include <vector>

namespace bight::tool {
namespace {

using namespace ipaddress;

std::string hex_of(std::span<const std::byte> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (auto byte : bytes)
        text += {digits[static_cast<unsigned>(byte) >> 4], digits[static_cast<unsigned>(byte) & 15]};
    return text;
}

template <class Value>
void add_optional(JsonObject& object, std::string_view key, const std::optional<Value>& value) {
    if (value)
        object.add(key, value->to_string());
    else
        object.add_null(key);
}

/// What addresses, networks and interfaces have in common.
template <class Value>
void add_common(JsonObject& object, const Value& value) {
    object.add("version", Value::version()).add("canonical", value.to_string());
    object.add("exploded", value.exploded()).add("compressed", value.compressed());
    object.add("max_prefixlen", Value::max_prefixlen()).add("reverse_pointer", value.reverse_pointer());
    object.add("is_private", value.is_private()).add("is_global", value.is_global());
    object.add("is_loopback", value.is_loopback()).add("is_link_local", value.is_link_local());
    object.add("is_multicast", value.is_multicast()).add("is_reserved", value.is_reserved());
    object.add("is_unspecified", value.is_unspecified());
    if constexpr (Value::version() == 6) object.add("is_site_local", value.is_site_local());
}

void add_inside(JsonObject&, const IPv4Address&) {}
void add_inside(JsonObject& object, const IPv6Address& address) {
    if (address.scope_id().empty())
        object.add_null("scope_id");
    else
        object.add("scope_id", address.scope_id().view());
    add_optional(object, "ipv4_mapped", address.ipv4_mapped());
    add_optional(object, "sixtofour", address.sixtofour());
    if (auto teredo = address.teredo()) {
        std::vector<std::string> ends{teredo->server.to_string(), teredo->client.to_string()};
        object.add("teredo", ends);
    } else {
        object.add_null("teredo");
    }
}

template <class Address>
void add_address(JsonObject& object, const Address& address) {
    object.add("packed", hex_of(address.packed())).add_number("int", Count(address.to_int()).to_string());
    add_inside(object, address);
}

template <class Value>
void add_masks(JsonObject& object, const Value& value) {
    object.add("netmask", value.netmask().to_string()).add("hostmask", value.hostmask().to_string());
    object.add("with_prefixlen", value.with_prefixlen()).add("with_netmask", value.with_netmask());
    object.add("with_hostmask", value.with_hostmask());
}

}  // namespace

void add_facts(JsonObject& object, const IPAddress& address) {
    address.visit([&](const auto& value) {
        add_common(object, value);
        add_address(object, value);
    });
}

void add_facts(JsonObject& object, const IPNetwork& network) {
    network.visit([&](const auto& value) {
        add_common(object, value);
        object.add("network_address", value.network_address().to_string());
        object.add("broadcast_address", value.broadcast_address().to_string());
        object.add("prefixlen", value.prefixlen());
        object.add_number("num_addresses", Count(value.num_addresses()).to_string());
        add_masks(object, value);
    });
}

void add_facts(JsonObject& object, const IPInterface& interface) {
    interface.visit([&](const auto& value) {
        add_common(object, value);
        add_address(object, value);
        object.add("ip", value.ip().to_string()).add("network", value.network().to_string());
        add_masks(object, value);
    });
}

}  // namespace bight::tool

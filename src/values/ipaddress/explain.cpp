// SPDX-License-Identifier: BSL-1.0
/// What is wrong with an address: run after the parser has said no, so it may take its time (linear, all the same).
/// The words and the order of the complaints are CPython's.
#include "values/ipaddress/explain.h"

#include "values/ipaddress/quote.h"

#include <bight/ipaddress/address.h>

#include <algorithm>
#include <string>
#include <vector>

namespace bight::ipaddress {
namespace {

bool is_decimal(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_hex(std::string_view text) {
    return std::ranges::all_of(text,
                               [](char c) { return detail::characters.kind[static_cast<unsigned char>(c)] < 16; });
}

/// At most `most` parts; the last holds all that is left.
std::vector<std::string_view> split(std::string_view text, char separator, std::size_t most) {
    std::vector<std::string_view> parts;
    while (parts.size() + 1 < most) {
        auto at = text.find(separator);
        if (at == text.npos) break;
        parts.push_back(text.substr(0, at));
        text.remove_prefix(at + 1);
    }
    parts.push_back(text);
    return parts;
}

/// Empty if nothing is wrong.
std::string fault_of_octet(std::string_view octet) {
    if (octet.empty()) return "Empty octet not permitted";
    if (!is_decimal(octet)) return "Only decimal digits permitted in " + quoted(octet);
    if (octet.size() > 3) return "At most 3 characters permitted in " + quoted(octet);
    if (octet != "0" && octet.front() == '0') return "Leading zeros are not permitted in " + quoted(octet);
    if (std::stoi(std::string(octet)) > 255) return "Octet " + std::string(octet) + " (> 255) not permitted";
    return {};
}

std::string fault_of_octets(std::string_view text) {
    if (text.empty()) return "Address cannot be empty";
    auto octets = split(text, '.', 5);
    if (octets.size() != 4) return "Expected 4 octets in " + quoted(text);
    for (auto octet : octets)
        if (auto fault = fault_of_octet(octet); !fault.empty()) return fault + " in " + quoted(text);
    return {};
}

std::string fault_of_group(std::string_view group) {
    if (!is_hex(group)) return "Only hex digits permitted in " + quoted(group);
    if (group.size() > 4) return "At most 4 characters permitted in " + quoted(group);
    return {};
}

/// Of the parts between colons, where there is one "::" before `parts[gap + 1]`, or none (gap 0).
std::string fault_of_shape(const std::vector<std::string_view>& parts, std::size_t gap) {
    if (gap == 0 && parts.size() != 8) return "Exactly 8 parts expected without '::'";
    std::size_t before = gap == 0 ? parts.size() : gap, behind = gap == 0 ? 0 : parts.size() - gap - 1;
    if (parts.front().empty() && (gap == 0 || --before != 0)) return "Leading ':' only permitted as part of '::'";
    if (parts.back().empty() && (gap == 0 || --behind != 0)) return "Trailing ':' only permitted as part of '::'";
    if (gap != 0 && before + behind > 7) return "Expected at most 7 other parts with '::'";
    return {};
}

/// `text` is without its zone.
std::string fault_of_groups(std::string_view text) {
    if (text.empty()) return "Address cannot be empty";
    auto in_text = " in " + quoted(text);
    auto parts = split(text, ':', 16);
    if (parts.size() < 3) return "At least 3 parts expected" + in_text;
    if (parts.size() == 16) return "At most 8 colons permitted" + in_text;
    if (parts.back().find('.') != text.npos) {
        if (auto fault = fault_of_octets(parts.back()); !fault.empty()) return fault + in_text;
        parts.back() = "0";
        parts.push_back("0");
    }
    if (parts.size() > 9) return "At most 8 colons permitted" + in_text;

    std::size_t gap = 0;
    for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
        if (!parts[i].empty()) continue;
        if (gap != 0) return "At most one '::' permitted" + in_text;
        gap = i;
    }
    if (auto fault = fault_of_shape(parts, gap); !fault.empty()) return fault + in_text;
    for (auto part : parts)
        if (auto fault = fault_of_group(part); !fault.empty()) return fault + in_text;
    return {};
}

}  // namespace

std::string fault_of_address(int version, std::string_view text) {
    if (text.find('/') != text.npos) return "Unexpected '/' in " + quoted(text);
    if (version == 4) return fault_of_octets(text);
    auto percent = text.find('%');
    auto zone = percent == text.npos ? std::string_view() : text.substr(percent + 1);
    if (percent != text.npos && (zone.empty() || zone.find('%') != zone.npos))
        return "Invalid IPv6 address: \"" + quoted(text) + '"';
    if (auto fault = fault_of_groups(text.substr(0, percent)); !fault.empty()) return fault;
    if (zone.find('\0') != zone.npos) return "No NUL permitted in the zone in " + quoted(text);
    return "At most 15 bytes permitted in the zone " + quoted(zone) + " in " + quoted(text);
}

Fault fault_of_network(int version, std::string_view text) {
    auto parts = split(text, '/', 3);
    if (parts.size() == 3) return {"Only one '/' permitted in " + quoted(text), false};
    bool is_address = version == 4 ? IPv4Address::parse(parts[0]).has_value()
                                   : IPv6Address::parse(parts[0]).has_value();
    if (!is_address) return {fault_of_address(version, parts[0]), false};
    return {quoted(parts[1]) + " is not a valid netmask", true};
}

namespace detail {

void raise_not_an_ipv4_address(std::string_view text) { throw AddressValueError(fault_of_address(4, text)); }

void raise_not_an_ipv6_address(std::string_view text) { throw AddressValueError(fault_of_address(6, text)); }

void raise_not_a_scope_id(std::string_view text) {
    throw AddressValueError(quoted(text) + " is no zone: 1 to 15 bytes without NUL, '%' and '/'");
}

void raise_not_a_network(int version, std::string_view text) {
    auto fault = fault_of_network(version, text);
    if (fault.of_netmask) throw NetmaskValueError(fault.message);
    throw AddressValueError(fault.message);
}

void raise_not_an_ip(What what, std::string_view text) {
    constexpr const char* kinds[] = {"address", "network", "interface"};
    // A mask may hold a ':', and then it is the mask that is wrong.
    int version = text.substr(0, text.find('/')).find(':') != text.npos ? 6 : 4;
    auto why = what == What::address ? fault_of_address(version, text) : fault_of_network(version, text).message;
    throw ValueError(quoted(text) + " does not appear to be an IPv4 or IPv6 " + kinds[static_cast<int>(what)] + ": " +
                     why);
}

}  // namespace detail
}  // namespace bight::ipaddress

// SPDX-License-Identifier: BSL-1.0
#include "values/ipaddress/quote.h"

#include <bight/ipaddress/any.h>

#include <string>

namespace bight::ipaddress {

std::string quoted(std::string_view text) {
    constexpr std::size_t limit = 160;
    char mark = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
    std::string out(1, mark);
    for (char c : text.substr(0, limit)) {
        auto byte = static_cast<unsigned char>(c);
        if (c == mark || c == '\\')
            (out += '\\') += c;
        else if (c == '\n')
            out += "\\n";
        else if (c == '\r')
            out += "\\r";
        else if (c == '\t')
            out += "\\t";
        else if (byte < 0x20 || byte > 0x7e)
            ((out += "\\x") += "0123456789abcdef"[byte >> 4]) += "0123456789abcdef"[byte & 15];
        else
            out += c;
    }
    if (text.size() > limit) out += "...";
    return out + mark;
}

namespace detail {
namespace {

std::string ip(int version) { return "IPv" + std::to_string(version); }

}  // namespace

void raise_number(int version, bool negative, const Count& magnitude) {
    auto text = (negative ? "-" : "") + magnitude.to_string();
    auto why = negative ? std::string(" (< 0)") : " (>= 2**" + std::to_string(version == 4 ? 32 : 128) + ")";
    throw AddressValueError(text + why + " is not permitted as an " + ip(version) + " address");
}

void raise_packed(int version, Bytes packed) {
    throw AddressValueError("b" + quoted(packed.view()) + " (len " + std::to_string(packed.size()) + " != " +
                            (version == 4 ? "4" : "16") + ") is not permitted as an " + ip(version) + " address");
}

void raise_packed_range(int version) { throw ValueError("Address negative or too large for " + ip(version)); }

void raise_netmask(std::string_view text) { throw NetmaskValueError(quoted(text) + " is not a valid netmask"); }

void raise_prefix(int prefixlen) { throw NetmaskValueError(std::to_string(prefixlen) + " is not a valid netmask"); }

void raise_host_bits(int version, uint128 address, std::string_view scope_id, int prefixlen) {
    auto text = version == 4 ? IPv4Address(address).to_string() : IPv6Address(address).to_string();
    if (!scope_id.empty()) (text += '%') += scope_id;
    throw ValueError(text + '/' + std::to_string(prefixlen) + " has host bits set");
}

void raise_index() { throw IndexError("address out of range"); }

void raise_range() { throw ValueError("last IP address must be greater than first"); }

void raise_not_contained(std::string_view inner, std::string_view outer) {
    throw ValueError(std::string(inner) + " not contained in " + std::string(outer));
}

void raise_versions(std::string_view a, std::string_view b) {
    throw TypeError(std::string(a) + " and " + std::string(b) + " are not of the same version");
}

void raise_wrong_version(int wanted) { throw TypeError("not of IP version " + std::to_string(wanted)); }

void raise_length(BadLength what, int prefixlen, int number) {
    auto length = std::to_string(prefixlen), other = std::to_string(number);
    switch (what) {
        case BadLength::not_longer: throw ValueError("new prefix must be longer: " + other + " after " + length);
        case BadLength::not_shorter: throw ValueError("new prefix must be shorter: " + other + " after " + length);
        case BadLength::both_given: throw ValueError("cannot set prefixlen_diff and new_prefix");
        case BadLength::negative: throw ValueError("prefix length diff must be > 0, not " + other);
        case BadLength::no_prefix: throw ValueError(other + " is not a valid prefix length");
        case BadLength::too_long:
            throw ValueError("prefix length diff " + other + " is invalid for a prefix of " + length);
        case BadLength::too_short:
            throw ValueError("current prefixlen is " + length + ", cannot have a prefixlen_diff of " + other);
    }
    throw ValueError("prefix length");
}

}  // namespace detail
}  // namespace bight::ipaddress

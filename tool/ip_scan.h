// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/ipaddress/address_set.h>

#include <string_view>

namespace bight::tool {

/// Finds addresses of a set in text.
///
/// An IPv4 address counts if no letter, digit or '.' stands before it, and none of them behind it, but for a '.' at the
/// end of a sentence; an IPv6 address likewise, with ':' among them. So 10.0.0.1 is found in "::ffff:10.0.0.1". A text is
/// searched in linear time, however many addresses there are.
class AddressScanner {
public:
    explicit AddressScanner(ipaddress::AddressSet wanted);

    /// The text from now on; it begins where a line does.
    void search(const char* begin, const char* end) noexcept;

    /// The first address of the set from `begin` on, empty if there is none. `begin` is the beginning of a line, or the
    /// end of what was found before, and never goes back.
    std::string_view next(const char* begin) noexcept;

    /// Whether all of `text` is such an address.
    bool is_wanted(std::string_view text) const noexcept;

private:
    std::string_view find_ipv4(const char* begin) const noexcept;
    std::string_view find_ipv6(const char* begin) const noexcept;

    ipaddress::AddressSet wanted_;
    bool has_four_, has_six_;
    const char* end_ = nullptr;
    std::string_view four_, six_;  // the next ones; at the end of the text: there are no more
};

}  // namespace bight::tool

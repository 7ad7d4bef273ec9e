// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/ipaddress/number.h>

#include <string>
#include <string_view>

namespace bight::ipaddress {

/// Digits of `bits` bits by a spec such as "#_x", full width; nothing if the spec is none of those.
bool format_digits(std::string_view spec, uint128 value, int bits, std::string& out);

/// `text` by a spec such as "*^20s"; raises ValueError for a spec of another kind.
std::string format_text(std::string_view spec, std::string text);

/// What format(spec) returns for an address of `bits` bits; `text` makes its text, where that is wanted.
template <class Text>
std::string format_address(std::string_view spec, uint128 value, int bits, Text text) {
    std::string out;
    if (format_digits(spec, value, bits, out)) return out;
    return format_text(spec, text());
}

}  // namespace bight::ipaddress

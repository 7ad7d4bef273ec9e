// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace bight {

struct FlagName {
    std::uint32_t bit;
    std::string_view name;
};

/// "POLLIN|POLLHUP": the names of the bits that are set, those without a name as one hex number; "0" for none.
inline std::string names_of(std::uint32_t bits, std::string_view prefix, std::initializer_list<FlagName> known) {
    std::string text;
    auto append = [&](std::string_view part) { text.append(text.empty() ? "" : "|").append(part); };
    for (const auto& [bit, name] : known) {
        if ((bits & bit) == 0) continue;
        append(prefix);
        text += name;
        bits &= ~bit;
    }
    if (bits != 0) {
        std::string digits;
        for (; bits != 0; bits >>= 4) digits.insert(digits.begin(), "0123456789abcdef"[bits & 0xf]);
        append("0x" + digits);
    }
    return text.empty() ? "0" : text;
}

}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>

#include <string>
#include <string_view>

namespace bight {

/// For a call of the C library, which would stop at a NUL: raises ValueError for one.
inline std::string c_text(std::string_view text) {
    if (text.find('\0') != text.npos) throw ValueError("embedded null character");
    return std::string(text);
}

}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace bight {

/// `text` of a peer's, fit for a terminal or a log: its control characters, those of C1 in UTF-8 (U+0080 to U+009F)
/// included, are written as \xNN, but for those of `kept`. All other bytes stay as they are.
std::string printable(std::string_view text, std::string_view kept = {});

}  // namespace bight

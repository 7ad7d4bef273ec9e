// SPDX-License-Identifier: BSL-1.0
#include "version.h"

#include <string_view>

namespace bight::tool {

std::string version() { return BIGHT_VERSION; }

std::string compiler() {
    // clang says its name in front of its version, g++ only the version.
    std::string_view text = __VERSION__;
    bool named = text.find("Clang") != text.npos || text.find("clang") != text.npos;
    return named ? std::string(text) : "g++ " + std::string(text);
}

}  // namespace bight::tool

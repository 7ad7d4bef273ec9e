// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace bight::tool {

/// "0.1.0".
std::string version();

/// "g++ 12.2.0".
std::string compiler();

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

namespace bight::testing {

/// Names that a file from a peer must not get, each of them another.
std::vector<std::string> hostile_names();

/// Names that are unusual and harmless.
std::vector<std::string> harmless_names();

}  // namespace bight::testing

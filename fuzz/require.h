// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace bight::fuzz {

/// Ends the process, which is how a fuzzer learns that an input is a find.
inline void require(bool holds, const char* what, std::string_view input) {
    if (holds) return;
    std::fprintf(stderr, "%s: '%.*s'\n", what, static_cast<int>(input.size()), input.data());
    std::abort();
}

inline std::string_view text_of(const unsigned char* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

}  // namespace bight::fuzz

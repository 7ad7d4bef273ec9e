// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/time.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bight::tool {

/// "500ms", "2.5s", "1m", "1h"; a bare number is seconds. Raises ValueError, also for more than ten years.
Duration parse_duration(std::string_view text);

/// "512", "64k", "1M", "2G", in powers of 1024. Raises ValueError.
std::size_t parse_size(std::string_view text);

/// "512 B", "1.5 KiB", "20.0 MiB": for people.
std::string format_size(std::uint64_t size);

/// A whole number from 1 on. Raises ValueError.
std::size_t parse_count(std::string_view text);

}  // namespace bight::tool

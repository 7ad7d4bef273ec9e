// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <optional>

namespace bight {

using Duration = std::chrono::nanoseconds;

/// How long a call may wait: `2500ms`, `std::nullopt` for as long as it takes, zero for not at all.
using Timeout = std::optional<Duration>;

}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace bight::asyncio::detail {

/// g++ 12 destroys a closure twice that is made within a co_await expression: then it must have nothing to destroy.
#if defined(__GNUC__) && !defined(__clang__)
inline constexpr bool closures_are_destroyed_twice = true;
#else
inline constexpr bool closures_are_destroyed_twice = false;
#endif

}  // namespace bight::asyncio::detail

// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace bight::detail {

// clang says so by __has_feature, which g++ 12 does not know; g++ by macros.
#ifdef __has_feature
#define BIGHT_HAS(sanitizer) __has_feature(sanitizer)
#else
#define BIGHT_HAS(sanitizer) 0
#endif

/// AddressSanitizer does not see that memory is free which a store of our own keeps: then nothing is kept.
#if defined(__SANITIZE_ADDRESS__) || BIGHT_HAS(address_sanitizer)
inline constexpr bool hides_free_memory = true;
#else
inline constexpr bool hides_free_memory = false;
#endif

/// Sanitizers look at what goes through the functions of libc, and all is slower.
#if defined(__SANITIZE_THREAD__) || BIGHT_HAS(thread_sanitizer) || BIGHT_HAS(memory_sanitizer)
inline constexpr bool is_sanitized = true;
#else
inline constexpr bool is_sanitized = hides_free_memory;
#endif

#undef BIGHT_HAS

}  // namespace bight::detail

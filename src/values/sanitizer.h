// SPDX-License-Identifier: BSL-1.0
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define BIGHT_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BIGHT_ADDRESS_SANITIZER 1
#endif
#endif

// Sanitizers look at what goes through the functions of libc.
#if defined(BIGHT_ADDRESS_SANITIZER) || defined(__SANITIZE_THREAD__)
#define BIGHT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define BIGHT_SANITIZED 1
#endif
#endif

namespace bight::detail {

/// AddressSanitizer does not see that memory is free which a store of our own keeps: then nothing is kept.
#ifdef BIGHT_ADDRESS_SANITIZER
inline constexpr bool hides_free_memory = true;
#else
inline constexpr bool hides_free_memory = false;
#endif

}  // namespace bight::detail

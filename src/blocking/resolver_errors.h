// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>

#include "sys/resolve.h"

#include <string_view>

namespace bight {

/// GaiError; or OSError with the errno where the system failed the resolver. Never BlockingIOError or TimeoutError, that
/// would say something of the caller's socket.
[[noreturn]] inline void raise_resolver_error(sys::ResolveError error, std::string_view context) {
    if (error.errnum != 0) throw OSError(error.errnum, context);
    throw GaiError(error.code, context);
}

}  // namespace bight

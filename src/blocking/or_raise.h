// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>

#include <string>
#include <utility>

namespace bight {

/// The value, or the exception for its error. `context` is called only to word the message, and may be a plain text.
template <class T, class Context>
T or_raise(Result<T>&& result, Context&& context) {
    if (!result) [[unlikely]] {
        if constexpr (std::is_invocable_v<Context>)
            raise_os_error(result.error().number(), context());
        else
            raise_os_error(result.error().number(), context);
    }
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>

#include <system_error>

namespace bight::tool {

/// Whether the call would have had to wait: EAGAIN.
inline bool would_wait(Errno error) { return error == std::errc::resource_unavailable_try_again; }

}  // namespace bight::tool

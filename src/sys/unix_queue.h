// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>

#include <cstddef>

namespace bight::sys {

/// How many connections wait to be accepted at a Unix socket that listens: asked of the kernel by sock_diag(7), as ss(8)
/// does. ENOENT where that kernel cannot tell.
Result<std::size_t> waiting_at_unix(int listener) noexcept;

}  // namespace bight::sys

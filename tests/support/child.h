// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>

namespace bight::testing {

/// What `say` returns in a child process, or "error: " and the message of what it raises. The child has no descriptors
/// but 0, 1, 2 and one of a high number, so that it may play a process that others have just begun.
std::string child_says(const std::function<std::string()>& say);

}  // namespace bight::testing

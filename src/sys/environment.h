// SPDX-License-Identifier: BSL-1.0
#pragma once

// What whoever began this process says to it.
namespace bight::sys {

/// Null for a variable that is not set. Good until the environment is changed.
const char* environment(const char* name) noexcept;

void remove_from_environment(const char* name) noexcept;

int process_id() noexcept;

}  // namespace bight::sys

// SPDX-License-Identifier: BSL-1.0
#include "sys/environment.h"

#include <cstdlib>

#include <unistd.h>

namespace bight::sys {

const char* environment(const char* name) noexcept { return std::getenv(name); }
void remove_from_environment(const char* name) noexcept { (void)::unsetenv(name); }  // fails for bad names only
int process_id() noexcept { return ::getpid(); }

}  // namespace bight::sys

// SPDX-License-Identifier: BSL-1.0
// The standard headers that an echo server over bight needs, and nothing else: what check_compile_cost measures against.
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

int main() {}

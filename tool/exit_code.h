// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>

namespace bight::tool {

/// What the tool's exit codes mean; the network's causes have curl's numbers.
namespace exit_code {
inline constexpr int ok = 0;
inline constexpr int no = 1;  // the answer is no, or any failure without a number of its own
inline constexpr int usage = 2;
inline constexpr int resolve = 6;
inline constexpr int connect = 7;
inline constexpr int timeout = 28;
inline constexpr int reset = 56;
inline constexpr int signalled = 128;  // plus the number of the signal
}  // namespace exit_code

/// What was being done when an error came: the same errno means another exit code before there is a connection.
enum class Step { connecting, other };

int exit_code_of(const std::exception& error, Step step = Step::other) noexcept;

}  // namespace bight::tool

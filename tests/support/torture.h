// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace bight::testing {

/// Raises an OSError where it does not go through; what it does wrong on the way is a failed expectation. One thread, so
/// that the order of the calls is always the same.
using Scenario = std::function<void()>;

/// Whether the scenario runs with a call that is made to fail.
bool has_fault();

/// Every errno of this platform, by its number.
std::span<const int> every_errno();

/// Runs `scenario` once to count the calls that it makes through the seam; then call after call is made to fail, with
/// every one of `errnums` in turn. Each run has to go through or to raise an OSError, and leaves no descriptor behind.
/// After curl's torture tests.
void torture(std::string_view name, const Scenario& scenario, std::span<const int> errnums);

}  // namespace bight::testing

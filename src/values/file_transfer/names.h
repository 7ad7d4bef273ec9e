// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace bight::file_transfer {

inline constexpr std::size_t longest_name = 255;  // NAME_MAX of Linux

/// What is wrong with a name that a peer gives to a file; empty if it may be used as it is. Names are never changed, for
/// what another name becomes may surprise.
///
/// Good is one component of a path, in UTF-8, that means the same to people, shells and other systems: no slash of either
/// kind, nothing that controls a terminal or the direction of writing, nothing invisible, no dot, hyphen or blank in front,
/// no dot or blank at the end, and no device of Windows.
std::string_view fault_of_name(std::string_view name) noexcept;

}  // namespace bight::file_transfer

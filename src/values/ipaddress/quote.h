// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace bight::ipaddress {

/// `text` in quotes, as Python's repr() writes it, so that nothing in it can hide or harm a terminal: what is not
/// printable ASCII is escaped. Long texts are cut.
std::string quoted(std::string_view text);

}  // namespace bight::ipaddress

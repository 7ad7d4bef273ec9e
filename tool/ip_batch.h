// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ip_lines.h"

#include <string>

namespace bight::tool {

/// The JSON object, on one line, that `bight ip --batch` answers to a line KIND<TAB>TEXT.
std::string answer_batch_line(const LineReader::Line& line);

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/file_transfer.h>

#include <string>
#include <string_view>

namespace bight::tool {

/// What became of a file, as a line for people, with its newline: "received picture.png (18964 bytes)", "refused ../x: the
/// name is refused: it leads to another folder". `done` is the word for one that went well.
std::string transfer_text(const file_transfer::Transfer& transfer, std::string_view done);

/// The same as JSON; `command` is "recv" or "send", `peer` the other side.
std::string transfer_json(const file_transfer::Transfer& transfer, std::string_view command, std::string_view peer);

}  // namespace bight::tool

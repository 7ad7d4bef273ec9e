// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace bight::file_transfer {

/// What became of a file that was offered: the receiver's answer. The numbers are those of the protocol.
enum class Verdict : unsigned char {
    received = 0,       // complete, verified, under its name
    already_there = 1,  // a file of this name and content was there before
    name_refused = 2,   // no plain file name, or one that could mislead a person or another system
    exists = 3,         // another file has the name
    too_large = 4,
    too_many = 5,  // files on one connection
    no_space = 6,
    busy = 7,             // somebody else is sending the same file
    corrupt = 8,          // what came is not what was meant: the checksums differ
    failed = 9,           // the receiver's own trouble
    protocol_error = 10,  // the receiver could not make sense of what was sent
    too_slow = 11         // the sender kept silent, or below the least rate
};

/// Whether the file stands complete at the receiver's.
constexpr bool is_good(Verdict verdict) noexcept {
    return verdict == Verdict::received || verdict == Verdict::already_there;
}

/// "the name is refused"; in English, for messages.
std::string_view to_text(Verdict verdict) noexcept;

}  // namespace bight::file_transfer

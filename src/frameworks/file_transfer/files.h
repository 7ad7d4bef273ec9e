// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "blocking/deadline.h"
#include "ssl/sha256.h"

#include <cstdint>

namespace bight::file_transfer {

/// Repeats a call of the file system while a signal interrupts it.
template <class Call>
auto uninterrupted(Call call) -> decltype(call()) {
    auto result = call();
    while (!result && result.error() == std::errc::interrupted) {
        interrupted();
        result = call();
    }
    return result;
}

/// Some bytes of a file, as many as fit unless it ends before. Raises OSError.
Bytes read_fully(int file, MutableBytes memory, std::uint64_t offset);

/// Adds the first `size` bytes of a file to `hash`. False where there are fewer. Raises OSError.
bool hash_beginning(Sha256& hash, int file, std::uint64_t size);

}  // namespace bight::file_transfer

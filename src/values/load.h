// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/bytes.h>

#include <cstddef>
#include <cstring>

namespace bight {

/// What the kernel or a peer wrote as a T at `offset`, wherever that is aligned; zero where the bytes end before it.
template <class T>
T load(Bytes bytes, std::size_t offset = 0) noexcept {
    T value{};
    if (offset + sizeof value <= bytes.size()) std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

}  // namespace bight

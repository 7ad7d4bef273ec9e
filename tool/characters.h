// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/bytes.h>

#include <cstddef>

namespace bight::tool {

/// The endless text of RFC 864: lines of 72 of the 95 printing characters, each beginning one further. Every reader has a
/// place in it and nothing else, so a slow one costs no memory.
class Characters {
public:
    /// What comes next: some 64 KiB of it.
    Bytes next() const noexcept;

    void advance(std::size_t count) noexcept { place_ = (place_ + count) % period; }

private:
    static constexpr std::size_t kinds = 95, line = 72 + 2;
    static constexpr std::size_t period = kinds * line;
    static constexpr std::size_t periods = 10;

    static const char* text() noexcept;

    std::size_t place_ = 0;
};

}  // namespace bight::tool

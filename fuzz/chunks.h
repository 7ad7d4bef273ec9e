// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ip_lines.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

namespace bight::fuzz {

/// A text that comes in pieces of at most `size` bytes.
class Chunks : public tool::ByteSource {
public:
    Chunks(std::string_view text, std::size_t size) : text_(text), size_(size) {}

    std::size_t read(char* to, std::size_t room) override {
        auto piece = text_.substr(0, std::min(size_, room));
        std::memcpy(to, piece.data(), piece.size());
        text_.remove_prefix(piece.size());
        return piece.size();
    }
    const std::string& name() const noexcept override { return name_; }

private:
    std::string_view text_;
    std::size_t size_;
    std::string name_ = "input";
};

}  // namespace bight::fuzz

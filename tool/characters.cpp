// SPDX-License-Identifier: BSL-1.0
#include "characters.h"

#include <array>

namespace bight::tool {

const char* Characters::text() noexcept {
    static const auto all = [] {
        std::array<char, period * periods> made;
        for (std::size_t i = 0; i < made.size(); ++i) {
            auto row = i / line, column = i % line;
            made[i] = column == line - 2   ? '\r'
                      : column == line - 1 ? '\n'
                                           : static_cast<char>(' ' + (row + column) % kinds);
        }
        return made;
    }();
    return all.data();
}

Bytes Characters::next() const noexcept { return std::string_view(text() + place_, period * periods - place_); }

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#include <bight/bytes.h>

#include <ostream>

namespace bight {

std::ostream& operator<<(std::ostream& out, Bytes bytes) {
    auto text = bytes.view();
    return out.write(text.data(), static_cast<std::streamsize>(text.size()));
}

}  // namespace bight

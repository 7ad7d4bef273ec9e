// SPDX-License-Identifier: BSL-1.0
#include "latencies.h"

#include <algorithm>
#include <cmath>

namespace bight::tool {

Duration Latencies::quantile(double part) const noexcept {
    auto wanted = static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t bin = 0; bin < bins_.size(); ++bin) {
        seen += bins_[bin];
        if (seen >= wanted && seen > 0) return Duration(std::clamp(upper_end(bin), least_, most_));
    }
    return Duration(most_);
}

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#include <bight/ipaddress/number.h>

#include <bight/ipaddress/hash.h>

#include <algorithm>
#include <ostream>

namespace bight::ipaddress {
namespace detail {

std::string decimal(uint128 number) {
    std::string digits;
    do {
        digits += static_cast<char>('0' + static_cast<int>(number % 10));
        number /= 10;
    } while (number != 0);
    std::ranges::reverse(digits);
    return digits;
}

void raise_count_overflow() { throw OverflowError("count outside of 0..2**128-1"); }

const char hash_anchor = 0;

}  // namespace detail

std::string Count::to_string() const {
    if (high_ == 0) return detail::decimal(low_);
    // high * 2**128 + low, divided by ten once: what is left fits.
    constexpr uint128 tenth = ~uint128{0} / 10;  // 2**128 = 10 * tenth + 6
    uint128 ones = uint128{high_} * 6 + low_ % 10;
    return detail::decimal(uint128{high_} * tenth + low_ / 10 + ones / 10) +
           static_cast<char>('0' + static_cast<int>(ones % 10));
}

std::ostream& operator<<(std::ostream& out, const Count& count) { return out << count.to_string(); }

}  // namespace bight::ipaddress

// SPDX-License-Identifier: BSL-1.0
/// The numbers of 128-bit addresses: the integers themselves, and counts up to 2**128.
#pragma once

#include <bight/error.h>

#include <compare>
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <string>

namespace bight::ipaddress {

__extension__ typedef unsigned __int128 uint128;
__extension__ typedef __int128 int128;

/// What an address may be made of, moved by or indexed with: every integer but bool and the characters.
template <class T>
concept Integer = (std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
                   !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>) ||
                  std::same_as<T, uint128> || std::same_as<T, int128>;

namespace detail {

template <Integer T>
constexpr bool is_negative(T number) noexcept {
    return number < T{0};
}

/// The distance from zero.
template <Integer T>
constexpr uint128 magnitude(T number) noexcept {
    return is_negative(number) ? ~static_cast<uint128>(number) + 1 : static_cast<uint128>(number);
}

std::string decimal(uint128 number);

[[noreturn]] void raise_count_overflow();

}  // namespace detail

/// How many addresses or networks there are: 2**128 fits, which no built-in integer holds.
class Count {
public:
    constexpr Count() noexcept = default;

    /// Raises OverflowError for a negative number.
    template <Integer T>
    constexpr Count(T number) : low_(static_cast<uint128>(number)) {
        if (detail::is_negative(number)) detail::raise_count_overflow();
    }

    /// 2**exponent, which is at most 128.
    static constexpr Count power_of_two(int exponent) noexcept {
        Count count;
        if (exponent == 128)
            count.high_ = 1;
        else
            count.low_ = uint128{1} << exponent;
        return count;
    }

    /// The number as an integer; raises OverflowError for 2**128 and more.
    constexpr uint128 to_int() const {
        if (high_ != 0) detail::raise_count_overflow();
        return low_;
    }

    /// The lowest 128 bits.
    constexpr uint128 low() const noexcept { return low_; }

    constexpr double to_double() const noexcept {
        return static_cast<double>(high_) * 0x1p128 + static_cast<double>(low_);
    }

    std::string to_string() const;

    /// For iterators, which go both ways: below 0 the number wraps around.
    constexpr void advance(int128 step) noexcept {
        uint128 before = low_;
        low_ += static_cast<uint128>(step);
        if (step >= 0)
            high_ += low_ < before ? 1 : 0;
        else
            high_ -= low_ > before ? 1 : 0;
    }

    constexpr Count& operator+=(const Count& other) noexcept {
        low_ += other.low_;
        high_ += other.high_ + (low_ < other.low_ ? 1 : 0);
        return *this;
    }

    /// Raises OverflowError where less than nothing would be left.
    constexpr Count& operator-=(const Count& other) {
        if (*this < other) detail::raise_count_overflow();
        high_ -= other.high_ + (low_ < other.low_ ? 1 : 0);
        low_ -= other.low_;
        return *this;
    }
    friend constexpr Count operator+(Count a, const Count& b) noexcept { return a += b; }
    friend constexpr Count operator-(Count a, const Count& b) { return a -= b; }

    friend constexpr bool operator==(const Count& a, const Count& b) noexcept {
        return a.low_ == b.low_ && a.high_ == b.high_;
    }
    friend constexpr std::strong_ordering operator<=>(const Count& a, const Count& b) noexcept {
        if (a.high_ != b.high_) return a.high_ <=> b.high_;
        return a.low_ < b.low_   ? std::strong_ordering::less
               : a.low_ > b.low_ ? std::strong_ordering::greater
                                 : std::strong_ordering::equal;
    }

private:
    uint128 low_ = 0;
    std::uint64_t high_ = 0;
};

std::ostream& operator<<(std::ostream& out, const Count& count);

}  // namespace bight::ipaddress

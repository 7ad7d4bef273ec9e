// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/ipaddress/error.h>
#include <bight/ipaddress/number.h>

#include <compare>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <type_traits>

namespace bight::ipaddress {

namespace detail {

/// The integer that an index is used as: elements are counted from 0 to 2**128 - 1 at most.
constexpr std::uint64_t position(std::uint64_t index) noexcept { return index; }
constexpr uint128 position(const Count& index) noexcept { return index.low(); }

/// a - b, as far as it fits.
constexpr std::int64_t distance(std::uint64_t a, std::uint64_t b) noexcept { return static_cast<std::int64_t>(a - b); }
constexpr int128 distance(const Count& a, const Count& b) noexcept {
    constexpr uint128 most = ~uint128{0} >> 1;
    if (a < b) return -distance(b, a);
    Count more = a - b;
    return static_cast<int128>(more > Count(most) ? most : more.low());
}

}  // namespace detail

/// Addresses or networks that are made when they are looked at: a range with random access that takes no memory.
///
/// `Make` makes the element at a position. Its Index counts them: std::uint64_t, or Count where there may be 2**128.
/// Iterators outlive their range. Distances of 2**127 and more do not fit into an iterator's difference_type, and are
/// told as 2**127 - 1; size() tells the truth.
template <class Make>
class Range {
public:
    using Index = typename Make::Index;
    using value_type = typename Make::Value;
    using Position = std::conditional_t<std::is_same_v<Index, Count>, uint128, std::uint64_t>;
    using difference_type = std::conditional_t<std::is_same_v<Index, Count>, int128, std::int64_t>;

    class iterator {
    public:
        using value_type = Range::value_type;
        using difference_type = Range::difference_type;
        using iterator_concept = std::random_access_iterator_tag;
        using iterator_category = std::input_iterator_tag;  // elements are made, not referred to
        using reference = value_type;
        using pointer = void;

        constexpr iterator() noexcept = default;
        constexpr iterator(const Make& make, const Index& index) noexcept : make_(make), index_(index) {}

        constexpr value_type operator*() const noexcept { return make_(detail::position(index_)); }
        constexpr value_type operator[](difference_type n) const noexcept { return *(*this + n); }

        constexpr iterator& operator++() noexcept { return *this += 1; }
        constexpr iterator operator++(int) noexcept {
            auto before = *this;
            ++*this;
            return before;
        }
        constexpr iterator& operator--() noexcept { return *this += -1; }
        constexpr iterator operator--(int) noexcept {
            auto before = *this;
            --*this;
            return before;
        }
        constexpr iterator& operator+=(difference_type n) noexcept {
            if constexpr (std::is_same_v<Index, Count>)
                index_.advance(n);
            else
                index_ += static_cast<std::uint64_t>(n);
            return *this;
        }
        constexpr iterator& operator-=(difference_type n) noexcept { return *this += -n; }
        friend constexpr iterator operator+(iterator i, difference_type n) noexcept { return i += n; }
        friend constexpr iterator operator+(difference_type n, iterator i) noexcept { return i += n; }
        friend constexpr iterator operator-(iterator i, difference_type n) noexcept { return i -= n; }
        friend constexpr difference_type operator-(const iterator& a, const iterator& b) noexcept {
            return detail::distance(a.index_, b.index_);
        }

        /// Iterators of one range compare; those of others have nothing to say to each other.
        friend constexpr bool operator==(const iterator& a, const iterator& b) noexcept { return a.index_ == b.index_; }
        friend constexpr std::strong_ordering operator<=>(const iterator& a, const iterator& b) noexcept {
            return a.index_ <=> b.index_;
        }

    private:
        Make make_;
        Index index_{};
    };
    using const_iterator = iterator;

    constexpr Range(const Make& make, const Index& size) noexcept : make_(make), size_(size) {}

    constexpr iterator begin() const noexcept { return {make_, Index{}}; }
    constexpr iterator end() const noexcept { return {make_, size_}; }

    constexpr const Make& make() const noexcept { return make_; }
    constexpr Index size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == Index{}; }

    /// For a range that is not empty.
    constexpr value_type front() const noexcept { return *begin(); }
    constexpr value_type back() const noexcept { return *--end(); }

    /// The element at `index`, counted from the end if it is negative; raises IndexError.
    template <Integer T>
    constexpr value_type operator[](T index) const {
        Count distance(detail::magnitude(index)), size(size_);
        if (detail::is_negative(index) ? distance > size : distance >= size) detail::raise_index();
        if (detail::is_negative(index)) distance = size - distance;
        return make_(static_cast<Position>(distance.low()));
    }

private:
    Make make_;
    Index size_;
};

}  // namespace bight::ipaddress

template <class Make>
inline constexpr bool std::ranges::enable_borrowed_range<bight::ipaddress::Range<Make>> = true;

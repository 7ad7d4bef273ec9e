// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace bight {

/// Memory of the caller's that a call fills.
using MutableBytes = std::span<std::byte>;

namespace detail {

template <class T>
concept ByteLike = std::same_as<T, std::byte> || std::same_as<T, char> || std::same_as<T, unsigned char>;

/// A contiguous range of bytes that knows its size: span, vector, array, string, string_view.
template <class R>
concept ByteRange = !std::is_array_v<std::remove_cvref_t<R>> && requires(const R& range) {
    { range.size() } -> std::convertible_to<std::size_t>;
    requires ByteLike<std::remove_cvref_t<decltype(*range.data())>>;
    requires std::is_pointer_v<std::remove_cvref_t<decltype(range.data())>>;
};

}  // namespace detail

/// A read-only view of bytes that somebody else owns.
///
/// Made from spans, strings and other contiguous ranges, and from string literals (all their characters, NULs
/// included, without the closing one). A `const char*` and a writable char array do not say how long they are
/// meant to be, so they are refused.
class Bytes {
public:
    using value_type = std::byte;

    constexpr Bytes() noexcept = default;
    constexpr Bytes(const std::byte* data, std::size_t size) noexcept : data_(data), size_(size) {}

    template <detail::ByteRange R>
        requires(!std::same_as<std::remove_cvref_t<R>, Bytes>)
    Bytes(const R& range) noexcept : data_(reinterpret_cast<const std::byte*>(range.data())), size_(range.size()) {}

    template <std::size_t N>
    Bytes(const char (&literal)[N]) noexcept : data_(reinterpret_cast<const std::byte*>(literal)), size_(N - 1) {}

    template <std::size_t N>
    Bytes(char (&array)[N]) = delete;  // a buffer: say how much of it is meant, with std::string_view or span

    template <class P>
        requires std::is_pointer_v<P>
    Bytes(const P& pointer) = delete;  // how long? say std::string_view(pointer)

    constexpr const std::byte* data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr explicit operator bool() const noexcept { return size_ != 0; }

    constexpr const std::byte* begin() const noexcept { return data_; }
    constexpr const std::byte* end() const noexcept { return data_ + size_; }
    constexpr std::byte operator[](std::size_t index) const noexcept { return data_[index]; }

    /// The part from `offset` on, at most `count` bytes; both are cut to what there is, as in Python's slices.
    constexpr Bytes slice(std::size_t offset, std::size_t count = static_cast<std::size_t>(-1)) const noexcept {
        if (offset > size_) offset = size_;
        return {data_ + offset, count < size_ - offset ? count : size_ - offset};
    }

    std::string_view view() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }
    std::string to_string() const { return std::string(view()); }

    friend bool operator==(Bytes a, Bytes b) noexcept { return a.view() == b.view(); }
    friend std::strong_ordering operator<=>(Bytes a, Bytes b) noexcept { return a.view() <=> b.view(); }

private:
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Writes the bytes as they are.
std::ostream& operator<<(std::ostream& out, Bytes bytes);

}  // namespace bight

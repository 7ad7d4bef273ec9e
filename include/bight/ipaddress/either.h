// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/ipaddress/error.h>
#include <bight/ipaddress/number.h>

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

namespace bight::ipaddress {

namespace detail {

/// Four or Six, and which of them.
template <class Four, class Six>
class Either {
public:
    static constexpr std::size_t max_text_size = Six::max_text_size;

    constexpr Either() noexcept : four_(), version_(4) {}
    // Of these very types: an interface is an address, but does not become one unasked.
    template <std::same_as<Four> T>
    constexpr Either(const T& four) noexcept : four_(four), version_(4) {}
    template <std::same_as<Six> T>
    constexpr Either(const T& six) noexcept : six_(six), version_(6) {}

    constexpr int version() const noexcept { return version_; }
    constexpr int max_prefixlen() const noexcept { return version_ == 4 ? 32 : 128; }

    /// The value under its own type; raises TypeError if it is of the other version.
    constexpr const Four& v4() const& {
        if (version_ != 4) raise_wrong_version(4);
        return four_;
    }
    constexpr const Six& v6() const& {
        if (version_ != 6) raise_wrong_version(6);
        return six_;
    }
    constexpr Four v4() && { return v4(); }
    constexpr Six v6() && { return v6(); }

    /// What `function` returns for the value under its own type.
    template <class Function>
    constexpr decltype(auto) visit(Function&& function) const {
        return version_ == 4 ? function(four_) : function(six_);
    }

    /// Writes the text, without a NUL, into max_text_size bytes of room; returns its end.
    constexpr char* to_chars(char* out) const noexcept {
        return visit([&](const auto& value) { return value.to_chars(out); });
    }

    std::string to_string() const {
        return visit([](const auto& value) { return value.to_string(); });
    }
    std::string compressed() const { return to_string(); }
    std::string exploded() const {
        return visit([](const auto& value) { return value.exploded(); });
    }
    std::string reverse_pointer() const {
        return visit([](const auto& value) { return value.reverse_pointer(); });
    }

    constexpr bool is_multicast() const noexcept {
        return visit([](const auto& value) { return value.is_multicast(); });
    }
    constexpr bool is_reserved() const noexcept {
        return visit([](const auto& value) { return value.is_reserved(); });
    }
    constexpr bool is_unspecified() const noexcept {
        return visit([](const auto& value) { return value.is_unspecified(); });
    }
    constexpr bool is_loopback() const noexcept {
        return visit([](const auto& value) { return value.is_loopback(); });
    }
    constexpr bool is_link_local() const noexcept {
        return visit([](const auto& value) { return value.is_link_local(); });
    }
    constexpr bool is_site_local() const noexcept { return version_ == 6 && six_.is_site_local(); }
    constexpr bool is_private() const noexcept {
        return visit([](const auto& value) { return value.is_private(); });
    }
    constexpr bool is_global() const noexcept {
        return visit([](const auto& value) { return value.is_global(); });
    }

    friend constexpr bool operator==(const Either& a, const Either& b) noexcept {
        return a.version_ == b.version_ && (a.version_ == 4 ? a.four_ == b.four_ : a.six_ == b.six_);
    }

    /// Version 4 first. (CPython's refuse to be compared; get_mixed_type_key() gives the same order.)
    friend constexpr std::strong_ordering operator<=>(const Either& a, const Either& b) noexcept {
        if (a.version_ != b.version_) return a.version_ <=> b.version_;
        return a.version_ == 4 ? a.four_ <=> b.four_ : a.six_ <=> b.six_;
    }

private:
    union {
        Four four_;
        Six six_;
    };
    std::uint8_t version_;
};

/// Elements of a range of either version.
template <class Four, class Six, class Element>
struct MakeEither {
    using Value = Element;
    using Index = Count;

    constexpr Value operator()(uint128 position) const noexcept {
        if (version == 4) return four(static_cast<typename Four::Position>(position));
        return six(static_cast<typename Six::Position>(position));
    }

    Four four{};
    Six six{};
    int version = 4;
};

}  // namespace detail

}  // namespace bight::ipaddress

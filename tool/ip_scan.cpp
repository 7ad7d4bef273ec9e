// SPDX-License-Identifier: BSL-1.0
#include "ip_scan.h"

#include <bight/ipaddress.h>

#include <array>
#include <cstring>
#include <utility>

namespace bight::tool {
namespace {

using namespace ipaddress;
using namespace literals;

struct Letters {
    std::array<bool, 256> word{};   // letters, digits, '.'
    std::array<bool, 256> colon{};  // and ':'
    std::array<bool, 256> digit{};

    consteval Letters() {
        for (unsigned c = 0; c < 256; ++c) {
            digit[c] = c >= '0' && c <= '9';
            word[c] = digit[c] || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.';
            colon[c] = word[c] || c == ':';
        }
    }
};
constexpr Letters letters;

bool is(const std::array<bool, 256>& set, char c) noexcept { return set[static_cast<unsigned char>(c)]; }

/// All around `at` that is of `set`, in [begin, end).
std::string_view token_at(const std::array<bool, 256>& set, const char* at, const char* begin,
                          const char* end) noexcept {
    const char* first = at;
    while (first != begin && is(set, first[-1])) --first;
    const char* last = at + 1;
    while (last != end && is(set, *last)) ++last;
    return {first, static_cast<std::size_t>(last - first)};
}

const char* find_char(char c, const char* begin, const char* end) noexcept {
    auto* found = std::memchr(begin, c, static_cast<std::size_t>(end - begin));
    return found ? static_cast<const char*>(found) : end;
}

constexpr std::size_t longest_ipv6 = 45;

}  // namespace

AddressScanner::AddressScanner(AddressSet wanted)
    : wanted_(std::move(wanted)),
      has_four_(wanted_.overlaps("0.0.0.0/0"_net)),
      has_six_(wanted_.overlaps("::/0"_net)) {}

void AddressScanner::search(const char* begin, const char* end) noexcept {
    end_ = end;
    four_ = has_four_ ? find_ipv4(begin) : std::string_view(end, 0);
    six_ = has_six_ ? find_ipv6(begin) : std::string_view(end, 0);
}

std::string_view AddressScanner::find_ipv4(const char* begin) const noexcept {
    for (const char* at = begin; (at = find_char('.', at, end_)) != end_;) {
        if (at == begin || end_ - at < 2 || !is(letters.digit, at[-1]) || !is(letters.digit, at[1])) {
            ++at;
            continue;
        }
        auto token = token_at(letters.word, at, begin, end_);
        at = token.data() + token.size();
        if (token.ends_with('.')) token.remove_suffix(1);
        if (auto address = IPv4Address::parse(token); address && wanted_.contains(*address)) return token;
    }
    return {end_, 0};
}

std::string_view AddressScanner::find_ipv6(const char* begin) const noexcept {
    for (const char* at = begin; (at = find_char(':', at, end_)) != end_;) {
        auto token = token_at(letters.colon, at, begin, end_);
        at = token.data() + token.size();
        if (token.ends_with('.') || (token.ends_with(':') && !token.ends_with("::"))) token.remove_suffix(1);
        if (token.size() > longest_ipv6) continue;
        if (auto address = IPv6Address::parse(token); address && wanted_.contains(*address)) return token;
    }
    return {end_, 0};
}

std::string_view AddressScanner::next(const char* begin) noexcept {
    if (four_.data() < begin) four_ = find_ipv4(begin);
    if (six_.data() < begin) six_ = find_ipv6(begin);
    auto first = six_.data() < four_.data() ? six_ : four_;
    return first.data() == end_ ? std::string_view() : first;
}

bool AddressScanner::is_wanted(std::string_view text) const noexcept {
    auto address = IPAddress::parse(text);
    return address && wanted_.contains(*address);
}

}  // namespace bight::tool

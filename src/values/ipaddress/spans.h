// SPDX-License-Identifier: BSL-1.0
/// Sets of numbers as sorted ranges with gaps between: the algebra behind AddressSet.
#pragma once

#include <bight/ipaddress/address_set.h>

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace bight::ipaddress::detail {

template <class Value>
inline constexpr Value most = static_cast<Value>(~Value{});

/// Whether nothing lies between `a` and what begins at `next`, which is not below a's first.
template <class Value>
bool reaches(const Span<Value>& a, Value next) noexcept {
    return next <= a.last || next - 1 == a.last;
}

/// Puts ranges that are sorted by their beginnings into their one form, in place.
template <class Value>
void join(Spans<Value>& spans) noexcept {
    std::size_t kept = 0;
    for (const Span<Value>& each : spans) {
        if (kept != 0 && reaches(spans[kept - 1], each.first))
            spans[kept - 1].last = std::max(spans[kept - 1].last, each.last);
        else
            spans[kept++] = each;
    }
    spans.resize(kept);
}

/// The same for ranges in any order.
template <class Value>
void sort_and_join(Spans<Value>& spans) {
    auto before = [](const Span<Value>& a, const Span<Value>& b) { return a.first < b.first; };
    if (!std::is_sorted(spans.begin(), spans.end(), before)) std::sort(spans.begin(), spans.end(), before);
    join(spans);
}

/// The ranges that touch `span` or, with `gap` 1, follow it or are followed by it at once.
template <class Value>
auto touched(auto& spans, const Span<Value>& span, Value gap) noexcept {
    Value low = span.first >= gap ? span.first - gap : 0;
    Value high = most<Value> - span.last >= gap ? span.last + gap : most<Value>;
    auto begin = std::partition_point(spans.begin(), spans.end(), [&](auto& each) { return each.last < low; });
    auto end = std::partition_point(begin, spans.end(), [&](auto& each) { return each.first <= high; });
    return std::pair(begin, end);
}

template <class Value>
void add(Spans<Value>& spans, const Span<Value>& span) {
    auto [begin, end] = touched(spans, span, Value{1});
    if (begin == end) {
        spans.insert(begin, span);
        return;
    }
    *begin = {std::min(begin->first, span.first), std::max(std::prev(end)->last, span.last)};
    spans.erase(begin + 1, end);
}

template <class Value>
void remove(Spans<Value>& spans, const Span<Value>& span) {
    auto [begin, end] = touched(spans, span, Value{0});
    if (begin == end) return;
    bool has_left = begin->first < span.first, has_right = span.last < std::prev(end)->last;
    if (has_left && has_right && end - begin == 1) {
        Span<Value> left{begin->first, static_cast<Value>(span.first - 1)};
        begin = spans.insert(begin, left) + 1;
        begin->first = span.last + 1;
        return;
    }
    if (has_left) (begin++)->last = span.first - 1;
    if (has_right) (--end)->first = span.last + 1;
    spans.erase(begin, end);
}

template <class Value>
bool contains(const Spans<Value>& spans, const Span<Value>& span) noexcept {
    auto [begin, end] = touched(spans, span, Value{0});
    return begin != end && begin->first <= span.first && span.last <= begin->last;
}

/// Calls `found` with each range that is in both, in order, until it returns false.
template <class Value>
void for_each_common(const Spans<Value>& a, const Spans<Value>& b, auto found) {
    for (auto one = a.begin(), other = b.begin(); one != a.end() && other != b.end();) {
        Span<Value> common{std::max(one->first, other->first), std::min(one->last, other->last)};
        if (common.first <= common.last && !found(common)) return;
        one->last < other->last ? static_cast<void>(++one) : static_cast<void>(++other);
    }
}

template <class Value>
Spans<Value> intersection(const Spans<Value>& a, const Spans<Value>& b) {
    Spans<Value> both;
    for_each_common(a, b, [&](const Span<Value>& common) {
        both.push_back(common);
        return true;
    });
    return both;
}

template <class Value>
Spans<Value> union_of(const Spans<Value>& a, const Spans<Value>& b) {
    Spans<Value> all;
    all.reserve(a.size() + b.size());
    std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(all),
               [](const Span<Value>& one, const Span<Value>& other) { return one.first < other.first; });
    join(all);
    return all;
}

template <class Value>
Spans<Value> complement(const Spans<Value>& spans) {
    Spans<Value> others;
    others.reserve(spans.size() + 1);
    Value next = 0;
    for (const Span<Value>& each : spans) {
        if (each.first > next) others.push_back({next, static_cast<Value>(each.first - 1)});
        if (each.last == most<Value>) return others;
        next = each.last + 1;
    }
    others.push_back({next, most<Value>});
    return others;
}

template <class Value>
Spans<Value> difference(const Spans<Value>& a, const Spans<Value>& b) {
    return intersection(a, complement(b));
}

/// Whether each range of `a` is within one of `b`, in linear time.
template <class Value>
bool is_subset(const Spans<Value>& a, const Spans<Value>& b) noexcept {
    auto outer = b.begin();
    for (const Span<Value>& inner : a) {
        while (outer != b.end() && outer->last < inner.last) ++outer;
        if (outer == b.end() || inner.first < outer->first) return false;
    }
    return true;
}

}  // namespace bight::ipaddress::detail

// SPDX-License-Identifier: BSL-1.0
#include "values/ipaddress/spans.h"

#include <bight/ipaddress/address_set.h>
#include <bight/ipaddress/subnets.h>

#include <ostream>

namespace bight::ipaddress {
namespace {

using detail::Span;
using detail::Spans;

Span<std::uint32_t> span4(const AddressRange& range) {
    return {range.first().v4().to_int(), range.last().v4().to_int()};
}
Span<uint128> span6(const AddressRange& range) { return {range.first().v6().to_int(), range.last().v6().to_int()}; }

void append(auto& four, auto& six, const AddressRange& range) {
    if (range.version() == 4)
        four.push_back(span4(range));
    else
        six.push_back(span6(range));
}

template <class Address, class Value>
void append_networks(std::vector<IPNetwork>& networks, const Spans<Value>& spans) {
    for (const Span<Value>& each : spans)
        for (auto network : summarize_address_range(Address(each.first), Address(each.last)))
            networks.push_back(network);
}

template <class Value>
bool overlap(const Spans<Value>& a, const Spans<Value>& b) noexcept {
    bool found = false;
    detail::for_each_common(a, b, [&](const Span<Value>&) {
        found = true;
        return false;
    });
    return found;
}

}  // namespace

// ---- AddressRange. -----------------------------------------------------------------------------------------------------

AddressRange::AddressRange(const IPAddress& first, const IPAddress& last)
    : first_(first.visit([](const auto& one) { return IPAddress(detail::bare(one)); })),
      last_(last.visit([](const auto& one) { return IPAddress(detail::bare(one)); })) {
    if (first.version() != last.version()) detail::raise_versions(first.to_string(), last.to_string());
    if (last_ < first_) detail::raise_range();
}

std::string AddressRange::to_string() const {
    return first_ == last_ ? first_.to_string() : first_.to_string() + '-' + last_.to_string();
}

std::ostream& operator<<(std::ostream& out, const AddressRange& range) { return out << range.to_string(); }

// ---- Making a set. -----------------------------------------------------------------------------------------------------

AddressSet::AddressSet(std::initializer_list<AddressRange> ranges)
    : AddressSet(std::span<const AddressRange>(ranges.begin(), ranges.size())) {}

AddressSet::AddressSet(std::span<const IPNetwork> networks) {
    AddressSetBuilder builder;
    for (const IPNetwork& network : networks) builder.add(network);
    *this = builder.build();
}

AddressSet::AddressSet(std::span<const AddressRange> ranges) {
    AddressSetBuilder builder;
    for (const AddressRange& range : ranges) builder.add(range);
    *this = builder.build();
}

AddressSet AddressSet::all() { return AddressSet().complement(); }

void AddressSetBuilder::add(const AddressRange& range) { append(four_, six_, range); }

void AddressSetBuilder::add(const IPNetwork& network) {
    if (network.version() == 4)
        four_.push_back({network.v4().network_address().to_int(), network.v4().broadcast_address().to_int()});
    else
        six_.push_back({network.v6().network_address().to_int(), network.v6().broadcast_address().to_int()});
}

AddressSet AddressSetBuilder::build() {
    AddressSet set;
    set.four_.swap(four_);
    set.six_.swap(six_);
    sort_and_join(set.four_);
    sort_and_join(set.six_);
    return set;
}

// ---- Changes and questions. --------------------------------------------------------------------------------------------

void AddressSet::add(const AddressRange& range) {
    range.version() == 4 ? detail::add(four_, span4(range)) : detail::add(six_, span6(range));
}

void AddressSet::remove(const AddressRange& range) {
    range.version() == 4 ? detail::remove(four_, span4(range)) : detail::remove(six_, span6(range));
}

void AddressSet::clear() noexcept {
    four_.clear();
    six_.clear();
}

bool AddressSet::contains(const IPv4Address& address) const noexcept {
    return detail::contains(four_, {address.to_int(), address.to_int()});
}

bool AddressSet::contains(const IPv6Address& address) const noexcept {
    return detail::contains(six_, {address.to_int(), address.to_int()});
}

bool AddressSet::contains(const AddressRange& range) const noexcept {
    return range.version() == 4 ? detail::contains(four_, span4(range)) : detail::contains(six_, span6(range));
}

bool AddressSet::overlaps(const AddressRange& range) const noexcept {
    auto meets = [](const auto& spans, const auto& span) {
        auto [begin, end] = detail::touched(spans, span, decltype(span.first){});
        return begin != end;
    };
    return range.version() == 4 ? meets(four_, span4(range)) : meets(six_, span6(range));
}

bool AddressSet::overlaps(const AddressSet& other) const noexcept {
    return overlap(four_, other.four_) || overlap(six_, other.six_);
}

bool AddressSet::issubset(const AddressSet& other) const noexcept {
    return detail::is_subset(four_, other.four_) && detail::is_subset(six_, other.six_);
}

// ---- Algebra. ----------------------------------------------------------------------------------------------------------

AddressSet AddressSet::union_with(const AddressSet& other) const {
    AddressSet result;
    result.four_ = detail::union_of(four_, other.four_);
    result.six_ = detail::union_of(six_, other.six_);
    return result;
}

AddressSet AddressSet::intersection(const AddressSet& other) const {
    AddressSet result;
    result.four_ = detail::intersection(four_, other.four_);
    result.six_ = detail::intersection(six_, other.six_);
    return result;
}

AddressSet AddressSet::difference(const AddressSet& other) const {
    AddressSet result;
    result.four_ = detail::difference(four_, other.four_);
    result.six_ = detail::difference(six_, other.six_);
    return result;
}

AddressSet AddressSet::symmetric_difference(const AddressSet& other) const {
    return union_with(other).difference(intersection(other));
}

AddressSet AddressSet::complement() const {
    AddressSet result;
    result.four_ = detail::complement(four_);
    result.six_ = detail::complement(six_);
    return result;
}

AddressSet AddressSet::of_version(int version) const {
    AddressSet result;
    if (version == 4) result.four_ = four_;
    if (version == 6) result.six_ = six_;
    return result;
}

// ---- What is in it. ----------------------------------------------------------------------------------------------------

std::vector<AddressRange> AddressSet::ranges() const {
    std::vector<AddressRange> ranges;
    ranges.reserve(range_count());
    for (auto& each : four_) ranges.emplace_back(IPv4Address(each.first), IPv4Address(each.last));
    for (auto& each : six_) ranges.emplace_back(IPv6Address(each.first), IPv6Address(each.last));
    return ranges;
}

std::vector<IPNetwork> AddressSet::networks() const {
    std::vector<IPNetwork> networks;
    append_networks<IPv4Address>(networks, four_);
    append_networks<IPv6Address>(networks, six_);
    return networks;
}

Count AddressSet::size() const noexcept {
    Count size;
    for (auto& each : four_) size += Count(std::uint64_t{each.last} - each.first + 1);
    for (auto& each : six_) size += Count(each.last - each.first) + Count(1);
    return size;
}

AddressSet::const_iterator AddressSet::begin() const noexcept { return {*this, 0}; }
AddressSet::const_iterator AddressSet::end() const noexcept { return {*this, range_count()}; }

IPAddress AddressSet::const_iterator::operator*() const noexcept {
    if (range_ < set_->four_.size())
        return IPv4Address(static_cast<std::uint32_t>(set_->four_[range_].first + offset_));
    return IPv6Address(set_->six_[range_ - set_->four_.size()].first + offset_);
}

AddressSet::const_iterator& AddressSet::const_iterator::operator++() noexcept {
    uint128 length_less_one;
    if (range_ < set_->four_.size()) {
        length_less_one = set_->four_[range_].last - set_->four_[range_].first;
    } else {
        auto& range = set_->six_[range_ - set_->four_.size()];
        length_less_one = range.last - range.first;
    }
    if (offset_++ == length_less_one) {
        offset_ = 0;
        ++range_;
    }
    return *this;
}

}  // namespace bight::ipaddress

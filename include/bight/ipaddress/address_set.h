// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/ipaddress/any.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <iterator>
#include <span>
#include <string>
#include <vector>

namespace bight::ipaddress {

/// The addresses from one to another, both included; addresses and networks convert to one. Zones are left away.
class AddressRange {
public:
    /// Raises TypeError for two versions, ValueError if `last` is below `first`.
    AddressRange(const IPAddress& first, const IPAddress& last);

    template <std::convertible_to<IPAddress> A>
    AddressRange(const A& address) : AddressRange(IPAddress(address), IPAddress(address)) {}
    template <std::convertible_to<IPNetwork> N>
    AddressRange(const N& network) : AddressRange(network.network_address(), network.broadcast_address()) {}

    const IPAddress& first() const noexcept { return first_; }
    const IPAddress& last() const noexcept { return last_; }
    int version() const noexcept { return first_.version(); }

    /// "10.0.0.0-10.0.1.7"; an address alone as itself.
    std::string to_string() const;

    friend bool operator==(const AddressRange&, const AddressRange&) noexcept = default;

private:
    IPAddress first_, last_;
};

std::ostream& operator<<(std::ostream& out, const AddressRange& range);

namespace detail {

/// From one number to another, both included.
template <class Value>
struct Span {
    Value first, last;

    friend constexpr bool operator==(const Span&, const Span&) noexcept = default;
};

/// Sorted; a gap lies between any two of them.
template <class Value>
using Spans = std::vector<Span<Value>>;

}  // namespace detail

/// A set of addresses of both versions, kept as ranges: 8 bytes for each of IPv4, 32 for each of IPv6.
///
///     AddressSet inside{"10.0.0.0/8"_net, "192.168.0.0/16"_net};
///     for (auto network : (inside - AddressSet{"10.1.0.0/16"_net}).networks()) …
///
/// The algebra is linear in the number of ranges, contains() logarithmic. add() and remove() move all ranges behind the
/// one they touch: make large sets from lists, or by an AddressSetBuilder. ::ffff:10.0.0.1 is not in 10.0.0.0/8.
/// An operation that raises (std::bad_alloc) has changed nothing.
class AddressSet {
public:
    class const_iterator;
    using iterator = const_iterator;
    using value_type = IPAddress;

    AddressSet() noexcept = default;
    AddressSet(std::initializer_list<AddressRange> ranges);

    /// In any order, overlapping or not; in time n log n.
    explicit AddressSet(std::span<const IPNetwork> networks);
    explicit AddressSet(std::span<const AddressRange> ranges);

    /// Every address there is, of both versions.
    static AddressSet all();

    // ---- Changes. -----------------------------------------------------------------------------------------------------

    void add(const AddressRange& range);
    void remove(const AddressRange& range);
    void clear() noexcept;

    // ---- Questions. ---------------------------------------------------------------------------------------------------

    bool contains(const IPv4Address& address) const noexcept;
    bool contains(const IPv6Address& address) const noexcept;
    bool contains(const IPAddress& address) const noexcept {
        return address.visit([this](const auto& one) { return this->contains(one); });
    }

    /// Whether all addresses of the range are in the set.
    bool contains(const AddressRange& range) const noexcept;

    bool overlaps(const AddressRange& range) const noexcept;
    bool overlaps(const AddressSet& other) const noexcept;
    bool isdisjoint(const AddressSet& other) const noexcept { return !overlaps(other); }
    bool issubset(const AddressSet& other) const noexcept;
    bool issuperset(const AddressSet& other) const noexcept { return other.issubset(*this); }

    friend bool operator==(const AddressSet&, const AddressSet&) noexcept = default;

    // ---- Algebra. (`union` is a word of C++.) -------------------------------------------------------------------------

    AddressSet union_with(const AddressSet& other) const;
    AddressSet intersection(const AddressSet& other) const;
    AddressSet difference(const AddressSet& other) const;
    AddressSet symmetric_difference(const AddressSet& other) const;

    /// All other addresses of both versions.
    AddressSet complement() const;

    /// The part of one version.
    AddressSet of_version(int version) const;

    friend AddressSet operator|(const AddressSet& a, const AddressSet& b) { return a.union_with(b); }
    friend AddressSet operator&(const AddressSet& a, const AddressSet& b) { return a.intersection(b); }
    friend AddressSet operator-(const AddressSet& a, const AddressSet& b) { return a.difference(b); }
    friend AddressSet operator^(const AddressSet& a, const AddressSet& b) { return a.symmetric_difference(b); }
    AddressSet operator~() const { return complement(); }
    AddressSet& operator|=(const AddressSet& other) { return *this = union_with(other); }
    AddressSet& operator&=(const AddressSet& other) { return *this = intersection(other); }
    AddressSet& operator-=(const AddressSet& other) { return *this = difference(other); }
    AddressSet& operator^=(const AddressSet& other) { return *this = symmetric_difference(other); }

    // ---- What is in it: version 4 first, in order. --------------------------------------------------------------------

    /// The fewest ranges.
    std::vector<AddressRange> ranges() const;
    std::size_t range_count() const noexcept { return four_.size() + six_.size(); }

    /// The fewest networks that hold these addresses and no others.
    std::vector<IPNetwork> networks() const;

    /// How many addresses. Count holds up to 2**128 and much more.
    Count size() const noexcept;
    bool empty() const noexcept { return four_.empty() && six_.empty(); }

    /// Each address.
    const_iterator begin() const noexcept;
    const_iterator end() const noexcept;

private:
    friend class AddressSetBuilder;

    detail::Spans<std::uint32_t> four_;
    detail::Spans<uint128> six_;
};

/// Each address of a set, which must live and stay as it is meanwhile.
class AddressSet::const_iterator {
public:
    using value_type = IPAddress;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;  // elements are made, not referred to
    using iterator_concept = std::forward_iterator_tag;
    using reference = IPAddress;
    using pointer = void;

    const_iterator() noexcept = default;

    IPAddress operator*() const noexcept;
    const_iterator& operator++() noexcept;
    const_iterator operator++(int) noexcept {
        auto before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(const const_iterator&, const const_iterator&) noexcept = default;

private:
    friend AddressSet;
    const_iterator(const AddressSet& set, std::size_t range) noexcept : set_(&set), range_(range) {}

    const AddressSet* set_ = nullptr;
    std::size_t range_ = 0;  // counted through both versions
    uint128 offset_ = 0;     // from the beginning of the range
};

/// Collects ranges in any order and makes a set of them, in time n log n.
class AddressSetBuilder {
public:
    void add(const AddressRange& range);
    void add(const IPNetwork& network);

    /// The set of all that was added; the builder is empty then.
    AddressSet build();

private:
    detail::Spans<std::uint32_t> four_;
    detail::Spans<uint128> six_;
};

}  // namespace bight::ipaddress

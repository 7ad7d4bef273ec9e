// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/ipaddress/any.h>
#include <bight/ipaddress/prefix_cursor.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace bight::ipaddress {

/// Values by networks of both versions, asked by address: a routing table.
///
///     PrefixMap<int> routes{{"10.0.0.0/8"_net, 1}, {"10.1.0.0/16"_net, 2}};
///     if (const int* route = routes.lookup("10.1.2.3"_ip)) …   // 2: the longest prefix counts
///
/// Made for many: a global routing table of a million IPv4 networks takes about 12 bytes a network with values of 4, and
/// a look-up takes tens of nanoseconds. Networks that have little in common take more: 100,000 random /64, about 53. A
/// map that is not empty takes at least 64 KiB for the nodes of a version, and room for 64 large or 4096 small values.
/// From 4096 networks on, a change of one shorter than /16 writes up to 512 KiB anew. Zones are not looked at.
///
/// Values must be movable without raising. Iterators, references and pointers to values hold until the next insertion
/// or erasure. An operation that raises has changed nothing. Any number of threads may read at the same time.
template <class T>
class PrefixMap {
    using Trie4 = detail::PrefixTrie<std::uint32_t, T>;
    using Trie6 = detail::PrefixTrie<uint128, T>;

public:
    using key_type = IPNetwork;
    using mapped_type = T;
    using size_type = std::size_t;

    struct Entry {
        IPNetwork network;
        const T& value;
    };
    using value_type = Entry;

    /// In order: version 4 first, then by address, a network before those within it.
    class const_iterator {
    public:
        using value_type = Entry;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;  // entries are made, not referred to
        using iterator_concept = std::forward_iterator_tag;
        using reference = Entry;
        using pointer = void;

        const_iterator() noexcept = default;

        Entry operator*() const noexcept {
            if (four_ != typename Trie4::Cursor())
                return {IPv4Network(IPv4Address(four_.key()), four_.length()), four_.value()};
            return {IPv6Network(IPv6Address(six_.key()), six_.length()), six_.value()};
        }
        const_iterator& operator++() noexcept {
            if (four_ != typename Trie4::Cursor())
                four_.advance();
            else
                six_.advance();
            return *this;
        }
        const_iterator operator++(int) noexcept {
            auto before = *this;
            ++*this;
            return before;
        }
        friend bool operator==(const const_iterator& a, const const_iterator& b) noexcept {
            return a.four_ == b.four_ && a.six_ == b.six_;
        }

    private:
        friend PrefixMap;
        const_iterator(typename Trie4::Cursor four, typename Trie6::Cursor six) noexcept : four_(four), six_(six) {}

        typename Trie4::Cursor four_;
        typename Trie6::Cursor six_;
    };
    using iterator = const_iterator;

    /// Some of the entries, in order.
    class View {
    public:
        View(const_iterator first, const_iterator last) noexcept : first_(first), last_(last) {}
        const_iterator begin() const noexcept { return first_; }
        const_iterator end() const noexcept { return last_; }
        bool empty() const noexcept { return first_ == last_; }

    private:
        const_iterator first_, last_;
    };

    PrefixMap() noexcept = default;

    /// Of two equal networks the first one counts.
    PrefixMap(std::initializer_list<std::pair<IPNetwork, T>> entries) {
        for (const auto& [network, value] : entries) insert(network, value);
    }

    PrefixMap(const PrefixMap& other) {
        for (auto [network, value] : other) insert(network, value);
    }
    PrefixMap(PrefixMap&& other) noexcept = default;
    PrefixMap& operator=(const PrefixMap& other) {
        if (this != &other) *this = PrefixMap(other);
        return *this;
    }
    PrefixMap& operator=(PrefixMap&& other) noexcept = default;
    ~PrefixMap() = default;

    // ---- By address. --------------------------------------------------------------------------------------------------

    /// The value of the longest prefix that holds `address`, or null.
    const T* lookup(const IPv4Address& address) const noexcept { return four_.longest(address.to_int()); }
    const T* lookup(const IPv6Address& address) const noexcept { return six_.longest(address.to_int()); }
    const T* lookup(const IPAddress& address) const noexcept {
        return address.visit([this](const auto& value) { return this->lookup(value); });
    }

    /// The same, with its network.
    std::optional<Entry> longest_match(const IPAddress& address) const noexcept {
        return longest_match(IPNetwork(address));
    }

    // ---- By network. --------------------------------------------------------------------------------------------------

    /// The smallest entry that `network` is in, itself included.
    std::optional<Entry> longest_match(const IPNetwork& network) const noexcept {
        return network.visit([this](const auto& one) -> std::optional<Entry> {
            int length = -1;
            const T* found = nullptr;
            this->each_covering(one, [&](int shorter, const T& value) {
                length = shorter;
                found = &value;
            });
            if (!found) return std::nullopt;
            return Entry{shortened(one, length), *found};
        });
    }

    /// The value of this very network, or null.
    const T* find(const IPNetwork& network) const noexcept {
        return network.visit([this](const auto& one) { return this->find_exact(one); });
    }
    T* find(const IPNetwork& network) noexcept { return const_cast<T*>(std::as_const(*this).find(network)); }
    bool contains(const IPNetwork& network) const noexcept { return find(network) != nullptr; }

    /// Raises std::out_of_range.
    const T& at(const IPNetwork& network) const {
        if (const T* value = find(network)) return *value;
        throw std::out_of_range("PrefixMap: no such network: " + network.to_string());
    }

    /// All entries that hold `network`, itself included; the largest first.
    std::vector<Entry> covering(const IPNetwork& network) const {
        std::vector<Entry> entries;
        network.visit([&](const auto& one) {
            this->each_covering(
                one, [&](int length, const T& value) { entries.push_back({shortened(one, length), value}); });
        });
        return entries;
    }

    /// All entries within `network`, itself included, in order.
    View covered_by(const IPNetwork& network) const noexcept {
        if (network.version() == 4) {
            auto& one = network.v4();
            auto [first, last] = Trie4::Cursor::under(four_, one.network_address().to_int(), one.prefixlen());
            return {{first, {}}, {last, {}}};
        }
        auto& one = network.v6();
        auto [first, last] = Trie6::Cursor::under(six_, one.network_address().to_int(), one.prefixlen());
        return {{{}, first}, {{}, last}};
    }

    // ---- Changes. -----------------------------------------------------------------------------------------------------

    /// The value of `network`, and whether it is new; a value that was there stays.
    std::pair<T&, bool> insert(const IPNetwork& network, T value) {
        auto [place, inserted] = put(network, std::move(value));
        return {*place, inserted};
    }

    /// The same, but a value that was there is replaced.
    std::pair<T&, bool> insert_or_assign(const IPNetwork& network, T value) {
        auto [place, inserted] = put(network, std::move(value));
        if (!inserted) *place = std::move(value);
        return {*place, inserted};
    }

    /// The value of `network`; T() if it is new.
    T& operator[](const IPNetwork& network) {
        if (T* value = find(network)) return *value;
        return *put(network, T()).first;
    }

    /// Whether it was there.
    bool erase(const IPNetwork& network) noexcept {
        if (network.version() == 4) return four_.erase(network.v4().network_address().to_int(), network.prefixlen());
        return six_.erase(network.v6().network_address().to_int(), network.prefixlen());
    }

    void clear() noexcept { *this = PrefixMap(); }

    // ---- As a container. ----------------------------------------------------------------------------------------------

    const_iterator begin() const noexcept { return {typename Trie4::Cursor(four_), typename Trie6::Cursor(six_)}; }
    const_iterator end() const noexcept { return {}; }
    size_type size() const noexcept { return four_.size() + six_.size(); }
    bool empty() const noexcept { return size() == 0; }

    /// Bytes taken from the heap, without what the values themselves have there.
    size_type memory() const noexcept { return four_.memory() + six_.memory(); }

private:
    const T* find_exact(const IPv4Network& network) const noexcept {
        return four_.exact(network.network_address().to_int(), network.prefixlen());
    }
    const T* find_exact(const IPv6Network& network) const noexcept {
        return six_.exact(network.network_address().to_int(), network.prefixlen());
    }

    template <class Visit>
    void each_covering(const IPv4Network& network, Visit visit) const {
        four_.each_covering(network.network_address().to_int(), network.prefixlen(), visit);
    }
    template <class Visit>
    void each_covering(const IPv6Network& network, Visit visit) const {
        six_.each_covering(network.network_address().to_int(), network.prefixlen(), visit);
    }

    template <class Network>
    static IPNetwork shortened(const Network& network, int length) noexcept {
        return Network(detail::bare(network.network_address()), length, {.strict = false});
    }

    std::pair<T*, bool> put(const IPNetwork& network, T&& value) {
        if (network.version() == 4)
            return four_.insert(network.v4().network_address().to_int(), network.prefixlen(), std::move(value));
        return six_.insert(network.v6().network_address().to_int(), network.prefixlen(), std::move(value));
    }

    Trie4 four_;
    Trie6 six_;
};

}  // namespace bight::ipaddress

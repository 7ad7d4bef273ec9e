// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/ipaddress/block_pool.h>
#include <bight/ipaddress/number.h>
#include <bight/ipaddress/trie_node.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace bight::ipaddress::detail {

template <class Key, class T>
class PrefixCursor;

/// Values by prefixes of a key of 32 or 128 bits: a trie of four bits a level, whose nodes take 16 bytes. Behind the
/// first 16 bits, where nodes become rare, a chain stands for those with one child and no prefix. Once the trie is large,
/// a table over the first 16 bits of the key goes before it.
template <class Key, class T>
class PrefixTrie : private KeyBits<Key> {
    using Bits = KeyBits<Key>;
    using Bits::masked, Bits::nibble_at, Bits::number;

public:
    using Node = TrieNode;
    using Cursor = PrefixCursor<Key, T>;
    using Bits::bits;

    PrefixTrie() noexcept = default;
    PrefixTrie(PrefixTrie&& other) noexcept { swap(other); }
    PrefixTrie& operator=(PrefixTrie&& other) noexcept {
        PrefixTrie(std::move(other)).swap(*this);
        return *this;
    }
    ~PrefixTrie() {
        if constexpr (!std::is_trivially_destructible_v<T>) destroy_values(root_);
    }

    void swap(PrefixTrie& other) noexcept {
        std::swap(root_, other.root_);
        nodes_.swap(other.nodes_);
        values_.swap(other.values_);
        std::swap(top_, other.top_);
        std::swap(size_, other.size_);
    }

    std::size_t size() const noexcept { return size_; }

    std::size_t memory() const noexcept {
        return nodes_.memory() + values_.memory() + (top_ ? top_size * sizeof(Top) : 0);
    }

    /// The value of the longest prefix that `key` begins with, or null.
    T* longest(Key key) const noexcept {
        const Node* node = &root_;
        std::uint32_t index = 0;
        int shift = bits - 4;
        if (top_) {
            const Top& top = top_[static_cast<std::size_t>(key >> (bits - top_bits))];
            if (top.node == 0) return value_or_null(top.value);
            index = top.value;
            node = nodes_.at(top.node);
            shift = bits - top_bits - 4;
        }
        const Node* found = nullptr;
        std::uint32_t matches = 0;
        while (true) {
            unsigned nibble = static_cast<unsigned>(key >> shift) & 15;
            if (std::uint32_t here = node->prefixes & paths.bits[nibble]; here != 0) {
                found = node;
                matches = here;
            }
            if ((node->children >> nibble & 1) != 0) {
                node = child(*node, nibble);
                shift -= 4;
            } else {
                if (!node->is_chain() || !Bits::follows(key, bits - 4 - shift, *node)) break;
                shift -= node->length();
                node = nodes_.at(node->first_child);
            }
        }
        if (found) index = value_index(*found, static_cast<unsigned>(std::bit_width(matches)) - 1);
        return value_or_null(index);
    }

    /// The value of this very prefix, or null.
    T* exact(Key key, int length) const noexcept {
        auto [node, depth] = find(key, length);
        if (depth < last_depth(length)) return nullptr;
        unsigned at = number(key, length, depth);
        return (node->prefixes >> at & 1) != 0 ? values_.at(value_index(*node, at)) : nullptr;
    }

    /// Calls `visit(length, value)` for each prefix of at most `most` bits that `key` begins with, the shortest first.
    template <class Visit>
    void each_covering(Key key, int most, Visit visit) const {
        const Node* node = &root_;
        for (int depth = 0;;) {
            unsigned nibble = nibble_at(key, depth);
            for (std::uint32_t matches = node->prefixes & paths.bits[nibble]; matches != 0; matches &= matches - 1) {
                auto at = static_cast<unsigned>(std::countr_zero(matches));
                int length = depth + static_cast<int>(std::bit_width(at)) - 1;
                if (length > most) return;
                visit(length, *values_.at(value_index(*node, at)));
            }
            int step = node->is_chain() ? node->length() : 4;
            if (depth + step >= most) return;
            if (node->is_chain() ? !Bits::follows(key, depth, *node) : (node->children >> nibble & 1) == 0) return;
            node = node->is_chain() ? nodes_.at(node->first_child) : child(*node, nibble);
            depth += step;
        }
    }

    /// The value of the prefix, and whether it is new: if not, `value` is left as it is. If this raises, no prefix and no
    /// value has changed.
    std::pair<T*, bool> insert(Key key, int length, T&& value) {
        if (T* old = exact(key, length)) return {old, false};
        Node* node = &root_;
        int depth = 0;
        for (int last = last_depth(length); depth < last || node->is_chain();) {
            if (node->is_chain()) {
                int same = std::min(Bits::common(key, depth, *node), last - depth) & ~3;
                if (same < node->length()) split(*node, same);
                if (same == 0) continue;
                node = nodes_.at(node->first_child);
                depth += same;
            } else {
                unsigned nibble = nibble_at(key, depth);
                if ((node->children >> nibble & 1) == 0) add_path(*node, key, depth, last);
                node = child(*node, nibble);
                depth += 4;
            }
        }
        unsigned at = number(key, length, depth);
        node->first_value = values_.insert(node->first_value, count_ones(node->prefixes), below(node->prefixes, at),
                                           std::move(value));
        node->prefixes |= 1u << at;
        if (depth < top_bits) refresh(key, depth);
        if (++size_ >= top_threshold && !top_) make_top();
        return {values_.at(value_index(*node, at)), true};
    }

    bool erase(Key key, int length) noexcept {
        Step path[bits / 4];
        int steps = 0;
        Step at{&root_, 0};
        for (int last = last_depth(length); at.depth < last;) {
            path[steps++] = at;
            if (!step(key, last, at)) return false;
        }
        Node& node = *at.node;
        unsigned prefix = number(key, length, at.depth);
        if (node.is_chain() || (node.prefixes >> prefix & 1) == 0) return false;
        node.first_value = values_.erase(node.first_value, count_ones(node.prefixes), below(node.prefixes, prefix));
        node.prefixes &= ~(1u << prefix);
        if (--size_ == 0) {
            *this = PrefixTrie();
            return true;
        }
        if (at.depth < top_bits) refresh(key, at.depth);
        while (at.node->is_empty() && steps > 0) {
            at = path[--steps];
            remove_child(*at.node, key, at.depth);
        }
        if (at.depth < top_bits) return true;
        shorten(*at.node);
        if (steps > 0 && path[steps - 1].node->is_chain()) lengthen(*path[steps - 1].node);
        return true;
    }

private:
    friend Cursor;

    static constexpr int top_bits = 16;
    static constexpr std::size_t top_size = std::size_t{1} << top_bits;
    static constexpr std::size_t top_threshold = 4096;
    static constexpr std::uint64_t chain_mask = (std::uint64_t{1} << TrieNode::chain_bits) - 1;

    /// For all keys with the same first bits: the node that goes on there, and the value of the longest prefix so far.
    struct Top {
        std::uint32_t node = 0, value = 0;
    };

    struct Step {
        Node* node;
        int depth;
    };

    /// How deep the node of a prefix is.
    static constexpr int last_depth(int length) noexcept { return length == 0 ? 0 : (length - 1) / 4 * 4; }

    /// How many of the bits below bit `at` are set.
    static unsigned below(std::uint32_t set, unsigned at) noexcept { return count_ones(set & ((1u << at) - 1)); }

    std::uint32_t child_index(const Node& node, unsigned nibble) const noexcept {
        return node.first_child + below(node.children, nibble);
    }
    Node* child(const Node& node, unsigned nibble) const noexcept { return nodes_.at(child_index(node, nibble)); }

    std::uint32_t value_index(const Node& node, unsigned at) const noexcept {
        return node.first_value + below(node.prefixes, at);
    }
    T* value_or_null(std::uint32_t index) const noexcept { return index == 0 ? nullptr : values_.at(index); }

    /// To the next node on the way to one at `last`, which is deeper; false if there is none.
    bool step(Key key, int last, Step& at) const noexcept {
        if (at.node->is_chain()) {
            int length = at.node->length();
            if (at.depth + length > last || !Bits::follows(key, at.depth, *at.node)) return false;
            at = {nodes_.at(at.node->first_child), at.depth + length};
            return true;
        }
        unsigned nibble = nibble_at(key, at.depth);
        if ((at.node->children >> nibble & 1) == 0) return false;
        at = {child(*at.node, nibble), at.depth + 4};
        return true;
    }

    /// The last node on the way to that of a prefix, which may be that node.
    Step find(Key key, int length) const noexcept {
        Step at{const_cast<Node*>(&root_), 0};
        for (int last = last_depth(length); at.depth < last && step(key, last, at);) {}
        return at;
    }

    // ---- The shape of the trie. ---------------------------------------------------------------------------------------

    void add_child(Node& node, const Node& added, Key key, int depth) {
        unsigned nibble = nibble_at(key, depth);
        node.first_child = nodes_.insert(node.first_child, count_ones(node.children), below(node.children, nibble),
                                         Node(added));
        node.children = static_cast<std::uint16_t>(node.children | 1u << nibble);
        if (depth == top_bits - 4) refresh(key, depth);
    }

    /// A child of the node at `depth` on the way to one at `last`, and where chains are used the whole of that way.
    void add_path(Node& node, Key key, int depth, int last) {
        Node added;
        if (depth + 4 >= top_bits) {
            while (last > depth + 4) {
                int length = std::min(last - depth - 4, TrieNode::chain_bits);
                added = Node::chain(Bits::path_at(key, last - length), length, alone(added));
                last -= length;
            }
        }
        try {
            add_child(node, added, key, depth);
        } catch (...) {
            free_chains(added);
            throw;
        }
    }

    /// The number of a run that is this one node.
    std::uint32_t alone(const Node& node) {
        try {
            return nodes_.insert(0, 0, 0, Node(node));
        } catch (...) {
            free_chains(node);
            throw;
        }
    }

    void free_chains(Node node) noexcept {
        while (node.is_chain()) {
            std::uint32_t behind = node.first_child;
            node = *nodes_.at(behind);
            nodes_.erase(behind, 1, 0);
        }
    }

    /// Cuts a chain after `bits_before` bits: a node with one child comes there.
    void split(Node& chain, int bits_before) {
        std::uint64_t path = chain.path();
        int bits_behind = chain.length() - bits_before - 4;
        Node middle;
        middle.children = static_cast<std::uint16_t>(1u << (path >> (TrieNode::chain_bits - 4 - bits_before) & 15));
        middle.first_child = chain.first_child;
        if (bits_behind > 0)
            middle.first_child = nodes_.insert(
                0, 0, 0, Node::chain(path << (bits_before + 4) & chain_mask, bits_behind, chain.first_child));
        if (bits_before == 0) {
            chain = middle;
            return;
        }
        try {
            chain = Node::chain(path, bits_before, nodes_.insert(0, 0, 0, Node(middle)));
        } catch (...) {
            if (bits_behind > 0) nodes_.erase(middle.first_child, 1, 0);
            throw;
        }
    }

    /// Makes a chain of a node with one child and no prefix.
    void shorten(Node& node) noexcept {
        if (node.prefixes != 0 || node.children == 0 || (node.children & (node.children - 1)) != 0) return;
        std::uint64_t nibble = static_cast<unsigned>(std::countr_zero(node.children));
        node = Node::chain(nibble << (TrieNode::chain_bits - 4), 4, node.first_child);
        lengthen(node);
    }

    /// Joins a chain with one behind it, if there is one and both fit.
    void lengthen(Node& chain) noexcept {
        const Node behind = *nodes_.at(chain.first_child);
        int length = chain.length();
        if (!behind.is_chain() || length + behind.length() > TrieNode::chain_bits) return;
        nodes_.erase(chain.first_child, 1, 0);
        chain = Node::chain(chain.path() | behind.path() >> length, length + behind.length(), behind.first_child);
    }

    void remove_child(Node& node, Key key, int depth) noexcept {
        if (node.is_chain()) {
            nodes_.erase(node.first_child, 1, 0);
            node = Node();
            return;
        }
        unsigned nibble = nibble_at(key, depth);
        node.first_child = nodes_.erase(node.first_child, count_ones(node.children), below(node.children, nibble));
        node.children = static_cast<std::uint16_t>(node.children & ~(1u << nibble));
        if (depth == top_bits - 4) refresh(key, depth);
    }

    void destroy_values(const Node& node) noexcept {
        if (node.is_chain()) return destroy_values(*nodes_.at(node.first_child));
        if (node.prefixes != 0) std::destroy_n(values_.at(node.first_value), count_ones(node.prefixes));
        for (unsigned i = 0; i < count_ones(node.children); ++i) destroy_values(*nodes_.at(node.first_child + i));
    }

    // ---- The table over the first bits. -------------------------------------------------------------------------------

    /// It only saves time: without memory for it, the trie does without.
    void make_top() noexcept {
        top_.reset(new (std::nothrow) Top[top_size]);
        refresh(0, 0);
    }

    /// Writes anew what hangs on the node at `depth`, which has changed.
    void refresh(Key key, int depth) noexcept {
        if (!top_) return;
        const Node* node = &root_;
        std::uint32_t best = 0;
        for (int at = 0; at < depth; at += 4) {
            best = best_here(*node, nibble_at(key, at), best);
            node = child(*node, nibble_at(key, at));
        }
        auto first = static_cast<std::size_t>(masked(key, depth) >> (bits - top_bits));
        fill(*node, depth, top_.get() + first, best);
    }

    std::uint32_t best_here(const Node& node, unsigned nibble, std::uint32_t best) const noexcept {
        std::uint32_t matches = node.prefixes & paths.bits[nibble];
        return matches == 0 ? best : value_index(node, static_cast<unsigned>(std::bit_width(matches)) - 1);
    }

    void fill(const Node& node, int depth, Top* out, std::uint32_t above) noexcept {
        std::size_t each = std::size_t{1} << (top_bits - depth - 4);
        for (unsigned nibble = 0; nibble < 16; ++nibble, out += each) {
            std::uint32_t best = best_here(node, nibble, above);
            bool goes_on = (node.children >> nibble & 1) != 0;
            if (goes_on && each > 1)
                fill(*child(node, nibble), depth + 4, out, best);
            else
                std::fill_n(out, each, Top{goes_on ? child_index(node, nibble) : 0, best});
        }
    }

    Node root_;
    BlockPool<Node> nodes_;
    BlockPool<T> values_;
    std::unique_ptr<Top[]> top_;
    std::size_t size_ = 0;
};

}  // namespace bight::ipaddress::detail

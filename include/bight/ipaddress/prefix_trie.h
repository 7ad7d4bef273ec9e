// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/ipaddress/block_pool.h>
#include <bight/ipaddress/number.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace bight::ipaddress::detail {

/// How many bits are set; quicker than std::popcount where the compiler may not use the instruction.
constexpr unsigned count_ones(std::uint32_t bits) noexcept {
    bits -= bits >> 1 & 0x55555555;
    bits = (bits & 0x33333333) + (bits >> 2 & 0x33333333);
    bits = (bits + (bits >> 4)) & 0x0f0f0f0f;
    return bits * 0x01010101 >> 24;
}

/// Four bits of a prefix. The prefixes that end in them, of one to four bits, are numbered as in a heap: the empty one is
/// 1, and the halves of i are 2i and 2i + 1; so the whole nibble n is 16 + n. Only the root has the empty one.
struct TrieNode {
    std::uint32_t prefixes = 0;     // bit i: prefix i has a value
    std::uint16_t children = 0;     // bit n: there is a node for what goes on after nibble n
    std::uint32_t first_child = 0;  // of the run of nodes, in order of their nibbles
    std::uint32_t first_value = 0;  // of the run of values, in order of their prefixes' numbers
};

/// For each nibble the set of prefixes that it begins with.
struct PathTable {
    std::uint32_t bits[16];

    consteval PathTable() : bits{} {
        for (unsigned nibble = 0; nibble < 16; ++nibble)
            for (unsigned i = 16 + nibble; i > 0; i /= 2) bits[nibble] |= 1u << i;
    }
};
inline constexpr PathTable paths;

/// Values by prefixes of a key of 32 or 128 bits: a trie of four bits a level, whose nodes take 16 bytes. Once it is
/// large, a table over the first 16 bits of the key goes before it.
template <class Key, class T>
class PrefixTrie {
public:
    using Node = TrieNode;
    static constexpr int bits = sizeof(Key) * 8;

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
            if ((node->children >> nibble & 1) == 0) break;
            node = child(*node, nibble);
            shift -= 4;
        }
        if (found) index = value_index(*found, static_cast<unsigned>(std::bit_width(matches)) - 1);
        return value_or_null(index);
    }

    /// The value of this very prefix, or null.
    T* exact(Key key, int length) const noexcept {
        const Node* node = &root_;
        int depth = 0;
        for (; length - depth > 4; depth += 4) {
            unsigned nibble = nibble_at(key, depth);
            if ((node->children >> nibble & 1) == 0) return nullptr;
            node = child(*node, nibble);
        }
        unsigned at = number(key, length, depth);
        return (node->prefixes >> at & 1) != 0 ? values_.at(value_index(*node, at)) : nullptr;
    }

    /// Calls `visit(length, value)` for each prefix of at most `most` bits that `key` begins with, the shortest first.
    template <class Visit>
    void each_covering(Key key, int most, Visit visit) const {
        const Node* node = &root_;
        for (int depth = 0;; depth += 4) {
            unsigned nibble = nibble_at(key, depth);
            std::uint32_t matches = node->prefixes & paths.bits[nibble];
            for (; matches != 0; matches &= matches - 1) {
                auto at = static_cast<unsigned>(std::countr_zero(matches));
                int length = depth + static_cast<int>(std::bit_width(at)) - 1;
                if (length > most) return;
                visit(length, *values_.at(value_index(*node, at)));
            }
            if (depth + 4 >= most || (node->children >> nibble & 1) == 0) return;
            node = child(*node, nibble);
        }
    }

    /// The value of the prefix, and whether it is new: if not, `value` is left as it is. If this raises, all is as before.
    std::pair<T*, bool> insert(Key key, int length, T&& value) {
        if (T* old = exact(key, length)) return {old, false};
        Node* node = &root_;
        int depth = 0;
        for (; length - depth > 4; depth += 4) {
            unsigned nibble = nibble_at(key, depth);
            if ((node->children >> nibble & 1) == 0) add_child(*node, nibble, key, depth);
            node = child(*node, nibble);
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
        Node* path[bits / 4];
        Node* node = &root_;
        int depth = 0;
        for (; length - depth > 4; depth += 4) {
            unsigned nibble = nibble_at(key, depth);
            if ((node->children >> nibble & 1) == 0) return false;
            path[depth / 4] = node;
            node = child(*node, nibble);
        }
        unsigned at = number(key, length, depth);
        if ((node->prefixes >> at & 1) == 0) return false;
        node->first_value = values_.erase(node->first_value, count_ones(node->prefixes), below(node->prefixes, at));
        node->prefixes &= ~(1u << at);
        if (--size_ == 0) {
            *this = PrefixTrie();
            return true;
        }
        if (depth < top_bits) refresh(key, depth);
        for (; depth > 0 && node->prefixes == 0 && node->children == 0; depth -= 4) {
            node = path[depth / 4 - 1];
            remove_child(*node, nibble_at(key, depth - 4), key, depth - 4);
        }
        return true;
    }

    /// A place in the order of all prefixes: by address, then by length. Valid until the trie changes.
    class Cursor {
    public:
        constexpr Cursor() noexcept = default;

        /// At the first prefix of all, or at the end.
        explicit Cursor(const PrefixTrie& trie) noexcept : trie_(&trie), node_(&trie.root_), at_(1) {
            if (!is_set()) advance();
        }

        /// The first of the prefixes that begin with these bits, and the first one behind them: equal if there are none.
        static std::pair<Cursor, Cursor> under(const PrefixTrie& trie, Key key, int length) noexcept {
            Cursor first, behind;
            first.trie_ = &trie;
            first.node_ = &trie.root_;
            first.at_ = 1;
            for (; length - first.depth_ > 4; first.depth_ += 4) {
                unsigned nibble = nibble_at(key, first.depth_);
                if ((first.node_->children >> nibble & 1) == 0) return {Cursor(), Cursor()};
                first.node_ = trie.child(*first.node_, nibble);
            }
            first.key_ = masked(key, first.depth_);
            first.at_ = number(key, length, first.depth_);
            behind = first;
            behind.leave();
            if (behind.node_ && !behind.is_set()) behind.advance();
            if (!first.is_set()) first.advance();
            return {first, behind};
        }

        /// Only for a cursor that is not at the end.
        T& value() const noexcept { return *trie_->values_.at(trie_->value_index(*node_, at_)); }
        Key key() const noexcept {
            int more = length() - depth_;
            if (more == 0) return key_;
            return static_cast<Key>(key_ | static_cast<Key>(at_ - (1u << more)) << (bits - depth_ - more));
        }
        int length() const noexcept { return depth_ + static_cast<int>(std::bit_width(at_)) - 1; }

        void advance() noexcept {
            do {
                if (at_ < 16)
                    at_ *= 2;
                else if (unsigned nibble = at_ - 16; (node_->children >> nibble & 1) != 0)
                    descend(nibble);
                else
                    leave();
            } while (node_ && !is_set());
        }

        friend bool operator==(const Cursor& a, const Cursor& b) noexcept {
            return a.node_ == b.node_ && a.at_ == b.at_;
        }

    private:
        bool is_set() const noexcept { return (node_->prefixes >> at_ & 1) != 0; }

        void descend(unsigned nibble) noexcept {
            key_ |= static_cast<Key>(nibble) << (bits - depth_ - 4);
            node_ = trie_->child(*node_, nibble);
            depth_ += 4;
            at_ = 1;
        }

        /// To the place behind all that begins with the bits of this one.
        void leave() noexcept {
            while (true) {
                while (at_ > 1 && at_ % 2 == 1) at_ /= 2;
                if (at_ > 1) {
                    ++at_;
                    return;
                }
                if (depth_ == 0) break;
                depth_ -= 4;
                at_ = 16 + nibble_at(key_, depth_);
                key_ = masked(key_, depth_);
                node_ = trie_->node_at(key_, depth_);
            }
            *this = Cursor();
        }

        const PrefixTrie* trie_ = nullptr;
        const Node* node_ = nullptr;
        Key key_ = 0;
        int depth_ = 0;
        unsigned at_ = 0;
    };

private:
    static constexpr int top_bits = 16;
    static constexpr std::size_t top_size = std::size_t{1} << top_bits;
    static constexpr std::size_t top_threshold = 4096;

    /// For all keys with the same first bits: the node that goes on there, and the value of the longest prefix so far.
    struct Top {
        std::uint32_t node = 0, value = 0;
    };

    static unsigned nibble_at(Key key, int depth) noexcept {
        return static_cast<unsigned>(key >> (bits - depth - 4)) & 15;
    }

    static Key masked(Key key, int length) noexcept {
        return length == 0 ? Key{0} : static_cast<Key>(key & ~Key{0} << (bits - length));
    }

    /// The number of the prefix in its node.
    static unsigned number(Key key, int length, int depth) noexcept {
        if (length == 0) return 1;
        return (16 + nibble_at(key, depth)) >> (depth + 4 - length);
    }

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

    const Node* node_at(Key key, int depth) const noexcept {
        const Node* node = &root_;
        for (int at = 0; at < depth; at += 4) node = child(*node, nibble_at(key, at));
        return node;
    }

    void add_child(Node& node, unsigned nibble, Key key, int depth) {
        node.first_child = nodes_.insert(node.first_child, count_ones(node.children), below(node.children, nibble),
                                         Node());
        node.children = static_cast<std::uint16_t>(node.children | 1u << nibble);
        if (depth == top_bits - 4) refresh(key, depth);
    }

    void remove_child(Node& node, unsigned nibble, Key key, int depth) noexcept {
        node.first_child = nodes_.erase(node.first_child, count_ones(node.children), below(node.children, nibble));
        node.children = static_cast<std::uint16_t>(node.children & ~(1u << nibble));
        if (depth == top_bits - 4) refresh(key, depth);
    }

    void destroy_values(const Node& node) noexcept {
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

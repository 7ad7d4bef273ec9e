// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/ipaddress/prefix_trie.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

namespace bight::ipaddress::detail {

/// A place in the order of all prefixes of a trie: by address, then by length. Valid until the trie changes.
template <class Key, class T>
class PrefixCursor {
    using Bits = KeyBits<Key>;
    using Trie = PrefixTrie<Key, T>;

public:
    /// At the end.
    constexpr PrefixCursor() noexcept = default;

    /// At the first prefix of all, or at the end.
    explicit PrefixCursor(const Trie& trie) noexcept : trie_(&trie), node_(&trie.root_), at_(1) {
        if (!is_set()) advance();
    }

    /// The first of the prefixes that begin with these bits, and the first one behind them: equal if there are none.
    static std::pair<PrefixCursor, PrefixCursor> under(const Trie& trie, Key key, int length) noexcept {
        auto [node, depth] = trie.find(key, length);
        PrefixCursor first;
        first.trie_ = &trie;
        first.node_ = node;
        first.depth_ = depth;
        first.key_ = Bits::masked(key, depth);
        if (node->is_chain()) {
            // The chain goes on with the key as far as that goes, or nothing is there.
            if (depth + Bits::common(key, depth, *node) < std::min(length, depth + node->length())) return {};
            first.at_ = 1;
        } else if (length - depth > 4) {
            return {};
        } else {
            first.at_ = Bits::number(key, length, depth);
        }
        PrefixCursor behind = first;
        behind.leave();
        if (behind.node_ && !behind.is_set()) behind.advance();
        if (!first.is_set()) first.advance();
        return {first, behind};
    }

    // ---- Only for a cursor that is not at the end. --------------------------------------------------------------------

    T& value() const noexcept { return *trie_->values_.at(trie_->value_index(*node_, at_)); }
    Key key() const noexcept {
        int more = length() - depth_;
        if (more == 0) return key_;
        return static_cast<Key>(key_ | static_cast<Key>(at_ - (1u << more)) << (Bits::bits - depth_ - more));
    }
    int length() const noexcept { return depth_ + static_cast<int>(std::bit_width(at_)) - 1; }

    void advance() noexcept {
        do {
            if (node_->is_chain())
                descend(Bits::of_chain(*node_, depth_), node_->length(), trie_->nodes_.at(node_->first_child));
            else if (at_ < 16)
                at_ *= 2;
            else if (unsigned nibble = at_ - 16; (node_->children >> nibble & 1) != 0)
                descend(static_cast<Key>(nibble) << (Bits::bits - depth_ - 4), 4, trie_->child(*node_, nibble));
            else
                leave();
        } while (node_ && !is_set());
    }

    friend bool operator==(const PrefixCursor& a, const PrefixCursor& b) noexcept {
        return a.node_ == b.node_ && a.at_ == b.at_;
    }

private:
    bool is_set() const noexcept { return (node_->prefixes >> at_ & 1) != 0; }

    void descend(Key bits, int length, const TrieNode* node) noexcept {
        key_ |= bits;
        depth_ += length;
        node_ = node;
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
            ascend();
        }
        *this = PrefixCursor();
    }

    /// To the node above, at the place that leads here.
    void ascend() noexcept {
        typename Trie::Step above{const_cast<TrieNode*>(&trie_->root_), 0};
        for (auto next = above; next.depth < depth_; trie_->step(key_, depth_, next)) above = next;
        node_ = above.node;
        depth_ = above.depth;
        at_ = node_->is_chain() ? 1 : 16 + Bits::nibble_at(key_, depth_);
        key_ = Bits::masked(key_, depth_);
    }

    const Trie* trie_ = nullptr;
    const TrieNode* node_ = nullptr;
    Key key_ = 0;
    int depth_ = 0;
    unsigned at_ = 0;
};

}  // namespace bight::ipaddress::detail

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/ipaddress/number.h>

#include <cstddef>
#include <cstdint>

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
///
/// Or a chain: up to 11 nibbles with nothing on the way, and one node behind them. A chain has no prefixes and no
/// children by their bits, so that nobody has to ask first which of the two a node is.
struct TrieNode {
    std::uint32_t prefixes = 0;     // bit i: prefix i has a value; bit 0: this is a chain
    std::uint16_t children = 0;     // bit n: there is a node for what goes on after nibble n
    std::uint16_t chain_head = 0;   // of a chain: three nibbles, and how many it has
    std::uint32_t first_child = 0;  // of the run of nodes, in order of their nibbles; of a chain: the one behind it
    std::uint32_t first_value = 0;  // of the run of values, in order of their prefixes' numbers; of a chain: 8 nibbles

    static constexpr int chain_bits = 44;

    /// The `bits` highest ones of `path`, which has 44.
    static constexpr TrieNode chain(std::uint64_t path, int bits, std::uint32_t child) noexcept {
        path &= ~std::uint64_t{0} << (chain_bits - bits);
        TrieNode node;
        node.prefixes = 1;
        node.chain_head = static_cast<std::uint16_t>((path >> 32) << 4 | static_cast<unsigned>(bits) / 4);
        node.first_child = child;
        node.first_value = static_cast<std::uint32_t>(path);
        return node;
    }

    constexpr bool is_chain() const noexcept { return (prefixes & 1) != 0; }
    constexpr bool is_empty() const noexcept { return prefixes == 0 && children == 0; }

    /// Of a chain: its length, and its nibbles in the highest of 44 bits.
    constexpr int length() const noexcept { return (chain_head & 15) * 4; }
    constexpr std::uint64_t path() const noexcept {
        return static_cast<std::uint64_t>(chain_head >> 4) << 32 | first_value;
    }
};
static_assert(sizeof(TrieNode) == 16);

/// For each nibble the set of prefixes that it begins with.
struct PathTable {
    std::uint32_t bits[16];

    consteval PathTable() : bits{} {
        for (unsigned nibble = 0; nibble < 16; ++nibble)
            for (unsigned i = 16 + nibble; i > 0; i /= 2) bits[nibble] |= 1u << i;
    }
};
inline constexpr PathTable paths;

/// Keys of 32 or 128 bits, the first bit highest.
template <class Key>
struct KeyBits {
    static constexpr int bits = sizeof(Key) * 8;

    static constexpr unsigned nibble_at(Key key, int depth) noexcept {
        return static_cast<unsigned>(key >> (bits - depth - 4)) & 15;
    }

    static constexpr Key masked(Key key, int length) noexcept {
        return length == 0 ? Key{0} : static_cast<Key>(key & ~Key{0} << (bits - length));
    }

    /// The 44 bits from `depth` on, which is below `bits`; zeros behind the last one.
    static constexpr std::uint64_t path_at(Key key, int depth) noexcept {
        Key rest = static_cast<Key>(key << depth);
        if constexpr (bits > TrieNode::chain_bits)
            return static_cast<std::uint64_t>(rest >> (bits - TrieNode::chain_bits));
        else
            return static_cast<std::uint64_t>(rest) << (TrieNode::chain_bits - bits);
    }

    /// How many of the bits of a chain at `depth` the key has as well.
    static constexpr int common(Key key, int depth, const TrieNode& chain) noexcept {
        std::uint64_t other = (path_at(key, depth) ^ chain.path()) << (64 - TrieNode::chain_bits);
        int same = other == 0 ? TrieNode::chain_bits : __builtin_clzll(other);
        return same < chain.length() ? same : chain.length();
    }

    static constexpr bool follows(Key key, int depth, const TrieNode& chain) noexcept {
        return common(key, depth, chain) == chain.length();
    }

    /// The bits of a chain at `depth`, where they stand in a key.
    static constexpr Key of_chain(const TrieNode& chain, int depth) noexcept {
        if constexpr (bits > TrieNode::chain_bits)
            return static_cast<Key>(chain.path()) << (bits - TrieNode::chain_bits) >> depth;
        else
            return static_cast<Key>(static_cast<Key>(chain.path() >> (TrieNode::chain_bits - bits)) >> depth);
    }

    /// The number of a prefix in its node at `depth`.
    static constexpr unsigned number(Key key, int length, int depth) noexcept {
        if (length == 0) return 1;
        return (16 + nibble_at(key, depth)) >> (depth + 4 - length);
    }
};

}  // namespace bight::ipaddress::detail

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace bight::ipaddress::detail {

/// Runs of up to 32 elements, each run known by a number of 32 bits, which saves half of a pointer. Number 0 is no run.
///
/// How much room a run has follows from how many elements it holds, so nobody has to write it down. Elements are never
/// moved but by the operations on their own run. The pool does not know which runs live: their owner erases them.
template <class T>
class BlockPool {
    static_assert(std::is_nothrow_move_constructible_v<T>, "elements are moved in places where nothing may be raised");

public:
    static constexpr unsigned max_run = 32;

    BlockPool() noexcept = default;
    BlockPool(BlockPool&& other) noexcept { swap(other); }
    BlockPool& operator=(BlockPool&& other) noexcept {
        BlockPool(std::move(other)).swap(*this);
        return *this;
    }

    void swap(BlockPool& other) noexcept {
        std::swap(chunks_, other.chunks_);
        std::swap(used_, other.used_);
        std::swap(free_, other.free_);
    }

    T* at(std::uint32_t index) const noexcept { return &chunks_[index / chunk_size][index % chunk_size].value; }

    /// Puts `value` before element `position` of the run of `count` elements at `run`; returns where the run is then.
    /// If it raises std::bad_alloc or std::length_error, nothing has happened.
    std::uint32_t insert(std::uint32_t run, unsigned count, unsigned position, T&& value) {
        unsigned room = room_for(count + 1);
        if (count != 0 && room == room_for(count)) {
            T* elements = at(run);
            for (unsigned i = count; i > position; --i) relocate(elements + i - 1, elements + i);
            std::construct_at(elements + position, std::move(value));
            return run;
        }
        std::uint32_t larger = allocate(room);
        T* to = at(larger);
        if (count != 0) {
            T* from = at(run);
            for (unsigned i = 0; i < count; ++i) relocate(from + i, to + i + (i >= position ? 1 : 0));
            release(run, room_for(count));
        }
        std::construct_at(to + position, std::move(value));
        return larger;
    }

    /// Takes element `position` out of a run; returns where the run is then, 0 if that was its last one.
    ///
    /// A run that needs less room moves to a block of that size, so that the old one serves the next run that grows to
    /// it: blocks of a size are never more than there were runs of that size at one time.
    std::uint32_t erase(std::uint32_t run, unsigned count, unsigned position) noexcept {
        T* elements = at(run);
        std::destroy_at(elements + position);
        unsigned before = room_for(count), after = room_for(count - 1);
        std::uint32_t smaller = before == after || count == 1 ? 0 : allocate_or_zero(after);
        T* to = smaller == 0 ? elements : at(smaller);
        for (unsigned i = smaller == 0 ? position + 1 : 0; i < count; ++i)
            if (i != position) relocate(elements + i, to + i - (i > position ? 1 : 0));
        if (count == 1 || smaller != 0) {
            release(run, before);
            return smaller;
        }
        if (before != after) release(run + after, before - after);  // without memory: split
        return run;
    }

    std::size_t memory() const noexcept { return chunks_.size() * sizeof(Slot) * chunk_size; }

private:
    union Slot {
        Slot() noexcept {}
        ~Slot() {}

        T value;
        std::uint32_t next;  // of a free block: the next one of its size
    };

    /// Places of a chunk: about 64 KiB of them, so that a few large values do not take much more.
    static constexpr std::uint32_t chunk_size = std::clamp<std::uint32_t>(
        std::bit_floor(static_cast<std::uint32_t>(65536 / sizeof(Slot))), max_run * 2, 4096);

    /// 1 to 8 in steps of one, to 16 in steps of two, to 32 in steps of four: each step is a size too.
    static constexpr unsigned room_for(unsigned count) noexcept {
        unsigned step = count <= 8 ? 1 : count <= 16 ? 2 : 4;
        return (count + step - 1) / step * step;
    }

    static void relocate(T* from, T* to) noexcept {
        std::construct_at(to, std::move(*from));
        std::destroy_at(from);
    }

    Slot& slot(std::uint32_t index) const noexcept { return chunks_[index / chunk_size][index % chunk_size]; }

    std::uint32_t allocate(unsigned room) {
        if (std::uint32_t block = free_[room]; block != 0) {
            free_[room] = slot(block).next;
            return block;
        }
        // A run lies in one chunk; the first number of all is not used.
        if (used_ % chunk_size == 0 || used_ % chunk_size + room > chunk_size) {
            if (chunks_.size() >= UINT32_MAX / chunk_size) throw std::length_error("PrefixMap: more than 2**32 places");
            chunks_.push_back(std::make_unique_for_overwrite<Slot[]>(chunk_size));
            used_ = static_cast<std::uint32_t>(chunks_.size() - 1) * chunk_size + (chunks_.size() == 1 ? 1 : 0);
        }
        std::uint32_t block = used_;
        used_ += room;
        return block;
    }

    std::uint32_t allocate_or_zero(unsigned room) noexcept {
        try {
            return allocate(room);
        } catch (...) {
            return 0;
        }
    }

    void release(std::uint32_t block, unsigned room) noexcept {
        slot(block).next = free_[room];
        free_[room] = block;
    }

    std::vector<std::unique_ptr<Slot[]>> chunks_;
    std::uint32_t used_ = 0;
    std::uint32_t free_[max_run + 1] = {};
};

}  // namespace bight::ipaddress::detail

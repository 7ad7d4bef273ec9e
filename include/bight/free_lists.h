// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace bight::detail {

/// Memory that a thread has been given back and keeps, by classes of size, the last block on top: it is still in the cache.
/// Not for programs.
///
/// A thread_local of it is trivially destroyed, so that what outlives the thread's other objects can still be given back;
/// open() is for the first block, close() for the end of the thread.
template <std::size_t classes>
class FreeLists {
public:
    /// Null where none is kept.
    void* take(std::size_t number) noexcept {
        List& list = lists_[number];
        Block* block = list.top;
        if (!block) return nullptr;
        list.top = block->next;
        ++list.room;
        return block;
    }

    /// False where it is not kept.
    bool keep(std::size_t number, void* memory) noexcept {
        List& list = lists_[number];
        if (list.room == 0) return false;
        --list.room;
        list.top = ::new (memory) Block{list.top};
        return true;
    }

    bool is_unused() const noexcept { return state_ == State::unused; }

    /// `room_of(number)` says how many blocks are kept of a class.
    template <class Room>
    void open(Room room_of) noexcept {
        state_ = State::open;
        for (std::size_t number = 0; number < classes; ++number) lists_[number].room = room_of(number);
    }

    /// Frees all, and keeps no more.
    void close() noexcept {
        state_ = State::closed;
        for (std::size_t number = 0; number < classes; ++number) {
            while (void* memory = take(number)) ::operator delete(memory);
            lists_[number].room = 0;
        }
    }

private:
    struct Block {
        Block* next;
    };
    struct List {
        Block* top = nullptr;
        std::size_t room = 0;  // for so many more
    };
    enum class State : unsigned char { unused, open, closed };

    std::array<List, classes> lists_{};
    State state_ = State::unused;
};

}  // namespace bight::detail

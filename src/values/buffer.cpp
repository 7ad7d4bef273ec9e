// SPDX-License-Identifier: BSL-1.0
#include <bight/buffer.h>

#include <bight/error.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <new>

namespace bight {
namespace {

// A thread's store of memory for Buffers: for each power of two from 64 bytes to 64 KiB a short list of free blocks,
// the last one given back on top, for it is still in the cache. At most 512 KiB stay in a thread's store.
constexpr std::size_t smallest_block = 64;
constexpr std::size_t largest_block = std::size_t{64} << 10;
constexpr std::size_t block_classes = std::bit_width(largest_block) - std::bit_width(smallest_block) + 1;
constexpr unsigned blocks_of_a_class = 4;

struct FreeBlock {
    FreeBlock* next;
};

struct FreeList {
    FreeBlock* top = nullptr;
    unsigned length = 0;
};

// Trivially destroyed, so that a Buffer that outlives the thread's other objects can still be given back.
thread_local constinit std::array<FreeList, block_classes> free_lists{};
thread_local constinit bool thread_is_ending = false;

struct EmptyAtThreadEnd {
    ~EmptyAtThreadEnd() {
        thread_is_ending = true;
        for (auto& list : free_lists)
            while (FreeBlock* block = list.top) {
                list.top = block->next;
                ::operator delete(block);
            }
    }
    void arm() noexcept {}
};
thread_local EmptyAtThreadEnd empty_at_thread_end;

std::size_t class_of(std::size_t size) noexcept {
    return size <= smallest_block
               ? 0
               : static_cast<std::size_t>(std::bit_width(size - 1) - std::bit_width(smallest_block - 1));
}

void give_back(void*, std::byte* memory, std::size_t capacity) noexcept {
    if (capacity > largest_block || thread_is_ending) return ::operator delete(memory);
    FreeList& list = free_lists[class_of(capacity)];
    if (list.length == blocks_of_a_class) return ::operator delete(memory);
    if (list.length == 0) empty_at_thread_end.arm();  // registers the destructor with this thread
    list.top = ::new (memory) FreeBlock{list.top};
    ++list.length;
}

}  // namespace

Buffer Buffer::with_capacity(std::size_t capacity) {
    if (capacity > PTRDIFF_MAX) throw ValueError("negative buffersize in recv");
    if (capacity > largest_block)
        return Buffer(static_cast<std::byte*>(::operator new(capacity)), 0, capacity, give_back, nullptr);
    std::size_t index = class_of(capacity);
    std::size_t rounded = smallest_block << index;
    FreeList& list = free_lists[index];
    if (FreeBlock* block = list.top) {
        list.top = block->next;
        --list.length;
        return Buffer(reinterpret_cast<std::byte*>(block), 0, rounded, give_back, nullptr);
    }
    return Buffer(static_cast<std::byte*>(::operator new(rounded)), 0, rounded, give_back, nullptr);
}

Buffer Buffer::copy_of(Bytes bytes) {
    Buffer copy = with_capacity(bytes.size());
    if (!bytes.empty()) std::memcpy(copy.room().data(), bytes.data(), bytes.size());
    copy.resize(bytes.size());
    return copy;
}

}  // namespace bight

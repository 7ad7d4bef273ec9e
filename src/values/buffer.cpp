// SPDX-License-Identifier: BSL-1.0
#include <bight/buffer.h>

#include <bight/error.h>
#include <bight/free_lists.h>

#include "values/sanitizer.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <new>

namespace bight {
namespace {

// A thread's store of memory for Buffers: a class for each power of two from 64 bytes to 64 KiB. At most 512 KiB stay in a
// thread's store.
constexpr std::size_t smallest_block = 64;
constexpr std::size_t largest_block = std::size_t{64} << 10;
constexpr std::size_t block_classes = std::bit_width(largest_block) - std::bit_width(smallest_block) + 1;
constexpr std::size_t blocks_of_a_class = 4;

thread_local constinit detail::FreeLists<block_classes> store;

struct CloseAtThreadEnd {
    ~CloseAtThreadEnd() { store.close(); }
    void open() noexcept {
        store.open([](std::size_t) { return blocks_of_a_class; });
    }
};
thread_local CloseAtThreadEnd close_at_thread_end;

std::size_t class_of(std::size_t size) noexcept {
    return static_cast<std::size_t>(std::bit_width((size - (size > 0)) / smallest_block));
}

[[gnu::noinline]] void free_block(std::byte* memory, std::size_t capacity) noexcept {
    bool is_first = capacity <= largest_block && store.is_unused() && !detail::hides_free_memory;
    if (is_first) close_at_thread_end.open();
    if (!is_first || !store.keep(class_of(capacity), memory)) ::operator delete(memory);
}

void give_back(void*, std::byte* memory, std::size_t capacity) noexcept {
    if (capacity > largest_block || !store.keep(class_of(capacity), memory)) free_block(memory, capacity);
}

}  // namespace

Buffer Buffer::with_capacity(std::size_t capacity) {
    if (capacity > PTRDIFF_MAX) throw ValueError("negative buffersize in recv");
    if (capacity > largest_block)
        return Buffer(static_cast<std::byte*>(::operator new(capacity)), 0, capacity, give_back, nullptr);
    std::size_t number = class_of(capacity);
    std::size_t rounded = smallest_block << number;
    void* memory = store.take(number);
    if (!memory) memory = ::operator new(rounded);
    return Buffer(static_cast<std::byte*>(memory), 0, rounded, give_back, nullptr);
}

Buffer Buffer::copy_of(Bytes bytes) {
    Buffer copy = with_capacity(bytes.size());
    if (!bytes.empty()) std::memcpy(copy.room().data(), bytes.data(), bytes.size());
    copy.resize(bytes.size());
    return copy;
}

}  // namespace bight

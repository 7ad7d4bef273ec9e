// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/free_lists.h>

#include <cstddef>

// Where the frames of coroutines come from. Programs need none of it.
namespace bight::asyncio::detail {

// A class for each size that malloc(3) gives without rounding up: 8 more than a multiple of 16. A frame is as long as the
// compiler makes it, so few classes are ever used.
inline constexpr std::size_t frame_step = 16;
inline constexpr std::size_t frame_classes = 128;
constexpr std::size_t frame_class(std::size_t size) noexcept { return (size + frame_step / 2 - 1) / frame_step; }
constexpr std::size_t frame_size(std::size_t number) noexcept { return number * frame_step + frame_step / 2; }

extern constinit thread_local bight::detail::FreeLists<frame_classes> free_frames;

// None was kept, or there is no room.
void* allocate_new_frame(std::size_t size);
void free_old_frame(void* memory, std::size_t size) noexcept;

inline void* allocate_frame(std::size_t size) {
    std::size_t number = frame_class(size);
    if (number < frame_classes)
        if (void* memory = free_frames.take(number)) return memory;
    return allocate_new_frame(size);
}

inline void free_frame(void* memory, std::size_t size) noexcept {
    std::size_t number = frame_class(size);
    if (number >= frame_classes || !free_frames.keep(number, memory)) free_old_frame(memory, size);
}

}  // namespace bight::asyncio::detail

// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/frame_pool.h>

#include "values/sanitizer.h"

#include <new>

namespace bight::asyncio::detail {

constinit thread_local bight::detail::FreeLists<frame_classes> free_frames;

namespace {

constexpr std::size_t kept_bytes = std::size_t{256} << 10;  // of a class

struct CloseAtThreadEnd {
    ~CloseAtThreadEnd() { free_frames.close(); }
    void open() noexcept {
        free_frames.open([](std::size_t number) { return kept_bytes / frame_size(number); });
    }
};
thread_local CloseAtThreadEnd close_at_thread_end;

}  // namespace

void* allocate_new_frame(std::size_t size) {
    std::size_t number = frame_class(size);
    return ::operator new(number < frame_classes ? frame_size(number) : size);
}

void free_old_frame(void* memory, std::size_t size) noexcept {
    std::size_t number = frame_class(size);
    bool is_first = number < frame_classes && free_frames.is_unused() && !bight::detail::hides_free_memory;
    if (is_first) close_at_thread_end.open();
    if (!is_first || !free_frames.keep(number, memory)) ::operator delete(memory);
}

}  // namespace bight::asyncio::detail

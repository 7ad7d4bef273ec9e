// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/buffer.h>
#include <bight/error.h>

#include "sys/ring.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace bight::engine {

/// Memory that the kernel picks from when something is received, so that nobody who only waits holds any.
///
/// The kernel takes provided buffers in the order in which it got them, which is the coldest first. So it gets few: about
/// twice of what a turn has lately used; the rest lies in a stack, with the one that came back last on top. Buffers are
/// lent to programs, which may give them back from any thread, and after the engine has gone.
class BufferPool {
public:
    static constexpr std::size_t buffer_size = std::size_t{16} << 10;
    static constexpr unsigned capacity = 2048;  // 32 MiB of addresses; of memory, what was ever used at once
    static constexpr std::uint16_t group = 0;

    struct Closer {
        void operator()(BufferPool* pool) const noexcept { pool->close(); }
    };
    using Owner = std::unique_ptr<BufferPool, Closer>;

    /// Registers it with `ring`, whose thread owns the pool.
    static Result<Owner> open(sys::Ring& ring) noexcept;

    // ---- By the engine: `number` is what the kernel names a buffer by. -----------------------------------------------

    /// The kernel has used one: of much that comes at once it takes all there are, which is no reason to provide more.
    void taken(bool is_of_much) noexcept {
        used_ += is_of_much ? 0 : 1;
        --provided_;
    }

    /// The kernel found none, be it once in a turn or often: the next refill() counts it as a few that were used.
    void ran_out() noexcept { ran_out_ = true; }

    /// Gives the kernel what it is to have for the next turn.
    void refill() noexcept;

    /// Whether there are none to give.
    bool is_exhausted() const noexcept { return provided_ == 0 && free_count_ == 0; }

    std::byte* memory(std::uint16_t number) const noexcept {
        return memory_.data() + std::size_t{number} * buffer_size;
    }

    /// The bytes from `offset` on of a buffer that the kernel has filled: theirs to give back.
    Buffer lend(std::uint16_t number, std::size_t offset, std::size_t size) noexcept {
        ++out_;
        return Buffer(memory(number) + offset, size, buffer_size - offset, &BufferPool::release, this);
    }

    /// Back, on the engine's thread.
    void give_back(std::uint16_t number) noexcept { free_[free_count_++] = number; }

    /// Who holds a buffer may link it to another of theirs, and keep its size beside it.
    std::uint16_t& next(std::uint16_t number) noexcept { return next_[number]; }
    std::uint32_t& size(std::uint16_t number) noexcept { return size_[number]; }
    static constexpr std::uint16_t none = UINT16_MAX;

private:
    static constexpr unsigned smallest_target = 16;

    BufferPool(sys::Mapping memory, sys::Mapping entries) noexcept;
    ~BufferPool() = default;

    static void release(void* owner, std::byte* memory, std::size_t capacity) noexcept;
    void close() noexcept;
    void collect_foreign() noexcept;
    std::uint16_t number_of(const std::byte* memory) const noexcept {
        return static_cast<std::uint16_t>(static_cast<std::size_t>(memory - memory_.data()) / buffer_size);
    }

    sys::Mapping memory_;
    sys::Mapping entries_;  // what the kernel reads: io_uring_buf, and its tail in the first one
    std::uint16_t tail_ = 0;

    std::array<std::uint16_t, capacity> free_;
    unsigned free_count_ = 0;
    unsigned provided_ = 0;
    unsigned target_ = smallest_target;
    unsigned used_ = 0;  // since the last refill
    bool ran_out_ = false;

    std::array<std::uint16_t, capacity> next_;
    std::array<std::uint32_t, capacity> size_;

    const void* const thread_;                  // whose pool it is
    std::atomic<std::uint16_t> foreign_{none};  // given back by other threads: the last one, linked by next()

    // Buffers out. The engine's thread counts in out_ alone, others in balance_, which is 0 or less until close() adds
    // what is out: from then on it is how many are, and who brings the last one deletes the pool.
    std::int64_t out_ = 0;
    std::atomic<std::int64_t> balance_{0};
    std::atomic<bool> closed_{false};
};

}  // namespace bight::engine

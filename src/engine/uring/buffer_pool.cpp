// SPDX-License-Identifier: BSL-1.0
#include "engine/uring/buffer_pool.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace bight::engine {
namespace {

/// An address that no other thread has while this one lives.
const void* this_thread() noexcept {
    thread_local constinit char here = 0;
    return &here;
}

}  // namespace

BufferPool::BufferPool(sys::Mapping memory, sys::Mapping entries) noexcept
    : memory_(std::move(memory)), entries_(std::move(entries)), thread_(this_thread()) {
    for (unsigned number = capacity; number-- > 0;) free_[free_count_++] = static_cast<std::uint16_t>(number);
}

Result<BufferPool::Owner> BufferPool::open(sys::Ring& ring) noexcept {
    auto memory = sys::Mapping::anonymous(capacity * buffer_size);
    if (!memory) return std::unexpected(memory.error());
    auto entries = sys::Mapping::anonymous(capacity * sizeof(io_uring_buf));
    if (!entries) return std::unexpected(entries.error());
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(entries->data());
    registration.ring_entries = capacity;
    registration.bgid = group;
    if (auto done = ring.register_(IORING_REGISTER_PBUF_RING, &registration, 1); !done)
        return std::unexpected(done.error());
    auto* pool = new (std::nothrow) BufferPool(std::move(*memory), std::move(*entries));
    if (!pool) return std::unexpected(Errno(ENOMEM));
    pool->refill();
    return Owner(pool);
}

void BufferPool::refill() noexcept {
    if (foreign_.load(std::memory_order_relaxed) != none) collect_foreign();
    bool ran_out = std::exchange(ran_out_, false);
    if (ran_out) used_ += smallest_target;
    if (used_ * 2 > target_)
        target_ = std::min(used_ * 2, capacity);
    else if (!ran_out && target_ > smallest_target && used_ * 4 < target_)
        target_ -= std::max(1u, target_ >> 6);
    used_ = 0;
    if (provided_ >= target_ || free_count_ == 0) return;
    auto* entries = entries_.at<io_uring_buf>(0);
    while (provided_ < target_ && free_count_ > 0) {
        std::uint16_t number = free_[--free_count_];
        io_uring_buf& entry = entries[tail_ & (capacity - 1)];
        entry.addr = reinterpret_cast<std::uint64_t>(memory(number));
        entry.len = buffer_size;
        entry.bid = number;
        ++tail_;
        ++provided_;
    }
    std::atomic_ref(entries_.at<io_uring_buf_ring>(0)->tail).store(tail_, std::memory_order_release);
}

void BufferPool::release(void* owner, std::byte* memory, std::size_t) noexcept {
    auto* pool = static_cast<BufferPool*>(owner);
    std::uint16_t number = pool->number_of(memory);
    bool is_closed = pool->closed_.load(std::memory_order_acquire);
    if (!is_closed && pool->thread_ == this_thread()) {
        --pool->out_;
        return pool->give_back(number);
    }
    std::uint16_t last = pool->foreign_.load(std::memory_order_relaxed);
    do {
        pool->next(number) = last;
    } while (!pool->foreign_.compare_exchange_weak(last, number, std::memory_order_release, std::memory_order_relaxed));
    if (pool->balance_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete pool;
}

void BufferPool::collect_foreign() noexcept {
    std::uint16_t number = foreign_.exchange(none, std::memory_order_acquire);
    while (number != none) give_back(std::exchange(number, next(number)));
}

void BufferPool::close() noexcept {
    closed_.store(true, std::memory_order_release);
    if (balance_.fetch_add(out_, std::memory_order_acq_rel) + out_ == 0) delete this;
}

}  // namespace bight::engine

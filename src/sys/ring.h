// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>
#include <bight/time.h>

#include "sys/forks.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include <linux/io_uring.h>

// io_uring(7) as the kernel gives it: queues shared with it, and three system calls. Names that the base's headers are
// too old for stand here, with the kernel's numbers.
namespace bight::sys {

namespace uring {

inline constexpr unsigned setup_no_sqarray = 1u << 16;  // 6.6

}  // namespace uring

/// Memory that is mapped until this goes.
class Mapping {
public:
    Mapping() noexcept = default;
    Mapping(void* memory, std::size_t size) noexcept : memory_(static_cast<std::byte*>(memory)), size_(size) {}
    Mapping(Mapping&& other) noexcept;
    Mapping& operator=(Mapping&& other) noexcept;
    ~Mapping();

    /// Anonymous memory, of which pages come to be when they are touched.
    static Result<Mapping> anonymous(std::size_t size) noexcept;

    std::byte* data() const noexcept { return memory_; }
    std::size_t size() const noexcept { return size_; }

    template <class T>
    T* at(std::size_t offset) const noexcept {
        return reinterpret_cast<T*>(memory_ + offset);
    }

private:
    std::byte* memory_ = nullptr;
    std::size_t size_ = 0;
};

struct RingOptions {
    unsigned entries = 1024;      // requests between two calls; when they are used up, a call is made
    unsigned completions = 8192;  // answers the kernel may have ready; what is beyond waits in the kernel
};

/// A ring of one thread's: SINGLE_ISSUER, DEFER_TASKRUN, never SQPOLL. All of it is for the thread that opened it.
class Ring {
public:
    /// ENOSYS, EPERM and EINVAL mean that the kernel, or who guards it, does not offer one.
    static Result<std::unique_ptr<Ring>> open(const RingOptions& options) noexcept;

    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;
    ~Ring();

    /// A cleared request to fill at once; it is handed over by the next enter(), or a later one: where the queue is full
    /// and the kernel takes none, requests wait in memory. Null where there is no memory either, and in a child of fork(2).
    io_uring_sqe* request() noexcept {
        if (!waiting_.empty() || is_full() || !is_own()) [[unlikely]]
            return request_where_none_is_free();
        return place_cleared();
    }

    /// Hands the requests over; with `wait`, waits for an answer until the limit. EINTR after a signal, ETIME at the
    /// limit, EBUSY and EAGAIN where the kernel is short of something: answers that are there are good in any case. In a
    /// child of fork(2) ECHILD, and nothing is touched.
    Result<void> enter(bool wait, Timeout limit) noexcept;

    /// Calls `function(cqe)` for every answer that is ready now. What it does may fill requests.
    template <class Function>
    unsigned answers(Function function) noexcept {
        unsigned head = *cq_head_;
        unsigned tail = std::atomic_ref(*cq_tail_).load(std::memory_order_acquire);
        unsigned count = tail - head;
        for (; head != tail; ++head) {
            io_uring_cqe answer = cqes_[head & cq_mask_];
            function(answer);
            std::atomic_ref(*cq_head_).store(head + 1, std::memory_order_release);
        }
        return count;
    }

    bool has_answers() const noexcept {
        return *cq_head_ != std::atomic_ref(*cq_tail_).load(std::memory_order_acquire);
    }

    /// How many requests have not been handed over.
    std::size_t pending() const noexcept { return sq_local_tail_ - *sq_head_ + (waiting_.size() - next_waiting_); }

    /// Whether it was opened by this process: a child of fork(2) has the same queues before it, which are its parent's.
    bool is_own() const noexcept { return birthplace_.is_here(); }

    Result<void> register_(unsigned what, void* argument, unsigned count) noexcept;

    unsigned features() const noexcept { return features_; }
    int fileno() const noexcept { return fd_; }

private:
    Ring() noexcept = default;

    bool is_full() const noexcept {
        return sq_local_tail_ - std::atomic_ref(*sq_head_).load(std::memory_order_acquire) == sq_entries_;
    }
    io_uring_sqe* place() noexcept { return &sqes_[sq_local_tail_++ & sq_mask_]; }
    io_uring_sqe* place_cleared() noexcept {
        io_uring_sqe* request = place();
        std::memset(request, 0, sizeof *request);
        return request;
    }
    io_uring_sqe* request_where_none_is_free() noexcept;
    void place_waiting() noexcept;

    Birthplace birthplace_;
    int fd_ = -1;
    int entered_ = -1;  // what enter() names: the registered number, or the descriptor
    unsigned enter_flags_ = 0;
    unsigned features_ = 0;
    Mapping rings_;
    Mapping requests_;

    unsigned* sq_head_ = nullptr;
    unsigned* sq_tail_ = nullptr;
    unsigned sq_mask_ = 0;
    unsigned sq_entries_ = 0;
    unsigned sq_local_tail_ = 0;  // what has been filled, handed over or not
    io_uring_sqe* sqes_ = nullptr;
    std::vector<io_uring_sqe> waiting_;  // from next_waiting_ on: what finds no place in the queue
    std::size_t next_waiting_ = 0;

    unsigned* cq_head_ = nullptr;
    unsigned* cq_tail_ = nullptr;
    unsigned cq_mask_ = 0;
    io_uring_cqe* cqes_ = nullptr;
};

/// Which operations the kernel knows.
Result<std::uint64_t> supported_operations(Ring& ring) noexcept;

}  // namespace bight::sys

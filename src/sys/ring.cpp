// SPDX-License-Identifier: BSL-1.0
#include "sys/ring.h"

#include "sys/checked.h"
#include "sys/seam.h"

#include <array>
#include <new>
#include <utility>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bight::sys {

// ---- Memory. -----------------------------------------------------------------------------------------------------------

Mapping::Mapping(Mapping&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
    return *this;
}

Mapping::~Mapping() {
    if (memory_) ::munmap(memory_, size_);
}

namespace {

Result<Mapping> map(std::size_t size, int flags, int fd, off_t offset) noexcept {
    if constexpr (seam::built)
        if (Fault fault = seam::consult(Call::mmap); fault.errnum != 0) return failed(fault.errnum);
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, offset);
    if (memory == MAP_FAILED) return failed(errno);
    return Mapping(memory, size);
}

}  // namespace

Result<Mapping> Mapping::anonymous(std::size_t size) noexcept { return map(size, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }

// ---- The three calls. --------------------------------------------------------------------------------------------------

namespace {

Result<int> io_uring_setup(unsigned entries, io_uring_params& params) noexcept {
    return checked(Call::io_uring_setup,
                   [&] { return static_cast<int>(::syscall(SYS_io_uring_setup, entries, &params)); });
}

Result<int> io_uring_enter(int fd, unsigned submit, unsigned wait_for, unsigned flags, const void* argument,
                           std::size_t size) noexcept {
    return checked(Call::io_uring_enter, [&] {
        return static_cast<int>(::syscall(SYS_io_uring_enter, fd, submit, wait_for, flags, argument, size));
    });
}

Result<int> io_uring_register(int fd, unsigned what, void* argument, unsigned count) noexcept {
    return checked(Call::io_uring_register,
                   [&] { return static_cast<int>(::syscall(SYS_io_uring_register, fd, what, argument, count)); });
}

constexpr unsigned wanted_flags = IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL |
                                  IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;

}  // namespace

Result<std::unique_ptr<Ring>> Ring::open(const RingOptions& options) noexcept {
    std::unique_ptr<Ring> owned(new (std::nothrow) Ring);
    if (!owned) return failed(ENOMEM);
    Ring& ring = *owned;
    io_uring_params params{};
    params.flags = wanted_flags | uring::setup_no_sqarray;
    params.cq_entries = options.completions;
    auto fd = io_uring_setup(options.entries, params);
    bool has_array = false;
    if (!fd && fd.error().number() == EINVAL) {  // before 6.6 requests are named through an array
        params = {};
        params.flags = wanted_flags;
        params.cq_entries = options.completions;
        fd = io_uring_setup(options.entries, params);
        has_array = true;
    }
    if (!fd) return std::unexpected(fd.error());

    ring.fd_ = *fd;
    ring.features_ = params.features;
    if (!(params.features & IORING_FEAT_SINGLE_MMAP) || !(params.features & IORING_FEAT_EXT_ARG)) return failed(EINVAL);
    std::size_t sq_size = has_array ? params.sq_off.array + params.sq_entries * sizeof(unsigned) : 0;
    std::size_t cq_size = params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe);
    auto rings = map(sq_size > cq_size ? sq_size : cq_size, MAP_SHARED | MAP_POPULATE, *fd, IORING_OFF_SQ_RING);
    if (!rings) return std::unexpected(rings.error());
    auto requests = map(params.sq_entries * sizeof(io_uring_sqe), MAP_SHARED, *fd, IORING_OFF_SQES);
    if (!requests) return std::unexpected(requests.error());
    ring.rings_ = std::move(*rings);
    ring.requests_ = std::move(*requests);

    ring.sq_head_ = ring.rings_.at<unsigned>(params.sq_off.head);
    ring.sq_tail_ = ring.rings_.at<unsigned>(params.sq_off.tail);
    ring.sq_mask_ = *ring.rings_.at<unsigned>(params.sq_off.ring_mask);
    ring.sq_entries_ = params.sq_entries;
    ring.sqes_ = ring.requests_.at<io_uring_sqe>(0);
    if (has_array)
        for (unsigned i = 0; i < params.sq_entries; ++i) ring.rings_.at<unsigned>(params.sq_off.array)[i] = i;
    ring.cq_head_ = ring.rings_.at<unsigned>(params.cq_off.head);
    ring.cq_tail_ = ring.rings_.at<unsigned>(params.cq_off.tail);
    ring.cq_mask_ = *ring.rings_.at<unsigned>(params.cq_off.ring_mask);
    ring.cqes_ = ring.rings_.at<io_uring_cqe>(params.cq_off.cqes);

    // A registered ring saves the look-up of its descriptor on every call; without it all goes on as before.
    ring.entered_ = *fd;
    io_uring_rsrc_update update{};
    update.offset = UINT32_MAX;
    update.data = static_cast<std::uint64_t>(*fd);
    if (auto count = io_uring_register(*fd, IORING_REGISTER_RING_FDS, &update, 1); count && *count == 1) {
        ring.entered_ = static_cast<int>(update.offset);
        ring.enter_flags_ = IORING_ENTER_REGISTERED_RING;
    }
    return owned;
}

Ring::~Ring() {
    if (fd_ < 0) return;
    if (enter_flags_ & IORING_ENTER_REGISTERED_RING) {  // it holds the ring as an open descriptor does
        io_uring_rsrc_update update{};
        update.offset = static_cast<std::uint32_t>(entered_);
        (void)::syscall(SYS_io_uring_register, fd_, IORING_UNREGISTER_RING_FDS, &update, 1);
    }
    ::close(fd_);
}

/// In their order, before any that is new.
void Ring::place_waiting() noexcept {
    while (next_waiting_ < waiting_.size() && !is_full()) *place() = waiting_[next_waiting_++];
    if (next_waiting_ == waiting_.size()) {
        waiting_.clear();
        next_waiting_ = 0;
    }
}

io_uring_sqe* Ring::request_where_none_is_free() noexcept {
    if (!is_own()) return nullptr;
    if (waiting_.empty() && is_full()) (void)enter(false, {});
    if (waiting_.empty() && !is_full()) return place_cleared();
    try {
        return &waiting_.emplace_back();
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

Result<void> Ring::enter(bool wait, Timeout limit) noexcept {
    if (!is_own()) return failed(ECHILD);
    if (!waiting_.empty()) place_waiting();
    wait = wait && waiting_.empty();  // what is waited for may be the answer to one of these
    std::atomic_ref(*sq_tail_).store(sq_local_tail_, std::memory_order_release);
    unsigned submit = sq_local_tail_ - *sq_head_;
    unsigned flags = enter_flags_ | IORING_ENTER_GETEVENTS;  // answers are only worked out in a call that asks for them
    io_uring_getevents_arg argument{};
    struct {
        std::int64_t seconds;
        std::int64_t nanoseconds;
    } time{};
    const void* extra = nullptr;
    std::size_t size = 0;
    if (wait && limit) {
        auto count = limit->count() > 0 ? limit->count() : 0;
        time = {count / 1'000'000'000, count % 1'000'000'000};
        argument.ts = reinterpret_cast<std::uint64_t>(&time);
        flags |= IORING_ENTER_EXT_ARG;
        extra = &argument;
        size = sizeof argument;
    }
    auto taken = io_uring_enter(entered_, submit, wait ? 1 : 0, flags, extra, size);
    if (!taken) return std::unexpected(taken.error());
    return {};
}

Result<void> Ring::register_(unsigned what, void* argument, unsigned count) noexcept {
    auto done = io_uring_register(fd_, what, argument, count);
    if (!done) return std::unexpected(done.error());
    return {};
}

Result<std::uint64_t> supported_operations(Ring& ring) noexcept {
    constexpr unsigned most = 64;
    alignas(io_uring_probe) std::array<std::byte, sizeof(io_uring_probe) + most * sizeof(io_uring_probe_op)> memory{};
    auto* probe = reinterpret_cast<io_uring_probe*>(memory.data());
    if (auto asked = ring.register_(IORING_REGISTER_PROBE, probe, most); !asked) return std::unexpected(asked.error());
    std::uint64_t supported = 0;
    for (unsigned i = 0; i < probe->ops_len && i < most; ++i)
        if (probe->ops[i].flags & IO_URING_OP_SUPPORTED) supported |= std::uint64_t{1} << probe->ops[i].op;
    return supported;
}

}  // namespace bight::sys

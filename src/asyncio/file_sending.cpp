// SPDX-License-Identifier: BSL-1.0
#include "asyncio/file_sending.h"

#include <bight/error.h>

#include "sys/calls.h"
#include "sys/file_calls.h"

#include <algorithm>
#include <cerrno>

namespace bight::asyncio::detail {
namespace {

// Of one call: others have their turn between them.
constexpr std::size_t moved_at_once = std::size_t{1} << 20;
constexpr std::size_t copied_at_once = std::size_t{128} << 10;
constexpr std::size_t copied_between = std::size_t{16} << 10;

}  // namespace

FileSending::FileSending(int file, std::uint64_t offset, std::optional<std::uint64_t> count)
    : file_(file), offset_(offset), count_(count) {
    if (count && *count == 0) throw ValueError("count must be a positive integer (got 0)");
}

FileSending::~FileSending() {
    auto kind = sys::file_kind(file_);
    if (kind && *kind == sys::FileKind::regular && sent_ > 0) (void)sys::seek(file_, offset_ + sent_);
}

std::size_t FileSending::next(std::size_t most) const noexcept {
    if (is_at_end_) return 0;
    return count_ ? static_cast<std::size_t>(std::min<std::uint64_t>(most, *count_ - sent_)) : most;
}

Bytes FileSending::read_next(bool moves) {
    std::size_t size = next(moves ? copied_between : copied_at_once);
    if (size == 0) return {};
    if (memory_.capacity() == 0) memory_ = Buffer::with_capacity(copied_at_once);
    auto count = sys::read_at(file_, memory_.room().first(size), offset_ + sent_);
    if (!count && count.error().number() == ESPIPE) count = sys::read(file_, memory_.room().first(size));
    if (!count) raise_os_error(count.error(), "read a file to send");
    memory_.resize(*count);
    is_at_end_ = *count == 0;
    return memory_.bytes();
}

bool FileSending::move(int socket) {
    sys::SigpipeBlocked blocked;
    std::uint64_t most = sent_ + moved_at_once;
    while (std::size_t size = next(moved_at_once)) {
        std::uint64_t place = offset_ + sent_;
        auto moved = sys::sendfile(socket, file_, place, size);
        if (moved) {
            sent_ += *moved;
            is_at_end_ = *moved == 0;
            if (sent_ >= most) return true;
            continue;
        }
        switch (moved.error().number()) {
            case EINTR: continue;
            case EAGAIN: return true;
            case EINVAL:
            case ENOSYS:
            case EOVERFLOW:
            case ESPIPE: return false;  // no file that can be mapped
            default: raise_os_error(moved.error(), "sendfile");
        }
    }
    return true;
}

}  // namespace bight::asyncio::detail

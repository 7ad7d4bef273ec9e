// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/buffer.h>
#include <bight/bytes.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace bight::asyncio::detail {

/// A file on its way into a stream: from where, how much of it has gone, how much is still to go. Afterwards a regular file
/// of which something was sent stands behind the last byte of that.
class FileSending {
public:
    /// ValueError for a count of 0.
    FileSending(int file, std::uint64_t offset, std::optional<std::uint64_t> count);
    ~FileSending();
    FileSending(const FileSending&) = delete;
    FileSending& operator=(const FileSending&) = delete;

    std::uint64_t sent() const noexcept { return sent_; }

    /// sendfile(2) to a socket that does not block: as much as it takes now, within bounds. False where the kernel cannot
    /// move this file: then all of it is for read_next(). Raises OSError.
    bool move(int socket);

    /// The next piece, read into memory of this object's; empty at the end. Between moves a small one, whose sending waits
    /// until the socket has room again. Raises OSError.
    Bytes read_next(bool moves);
    void has_sent(std::size_t size) noexcept { sent_ += size; }

private:
    std::size_t next(std::size_t most) const noexcept;

    int file_;
    std::uint64_t offset_;
    std::optional<std::uint64_t> count_;
    std::uint64_t sent_ = 0;
    bool is_at_end_ = false;
    Buffer memory_;
};

}  // namespace bight::asyncio::detail

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/buffer.h>
#include <bight/file_transfer.h>
#include <bight/socket.h>
#include <bight/time.h>

#include "values/file_transfer/frames.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bight::file_transfer {

inline constexpr std::size_t at_once = std::size_t{128} << 10;  // bytes: of each buffer, and each step of a file

/// How long the peer may take to hash `size` bytes, or to bring them to its disk, beside its limit for each wait.
Timeout with_time_for(std::uint64_t size, Timeout limit) noexcept;

/// A connection as frames, and the bytes of files between them. What is wrong with it is raised.
class Wire {
public:
    Wire(Socket& connection, FrameReader::From peer);

    /// The peer's next frame, all of it within `limit`; none where the peer has ended before it.
    std::optional<Frame> read(Timeout limit);

    /// The same; nothing else will do.
    Frame read_more(Timeout limit);

    template <class Kind>
    Kind expect(Timeout limit) {
        auto frame = read_more(limit);
        if (auto* kind = std::get_if<Kind>(&frame)) return std::move(*kind);
        raise_out_of_order();
    }

    /// Whether something has come that was not read, the peer's end too. Does not wait.
    bool has_input();

    /// Bytes between the frames, at most `most`, lent until the next call; nothing where the limit has passed.
    Bytes read_raw(std::uint64_t most, Timeout limit);

    void write(const Frame& frame, Timeout limit) { write(std::string_view(encode(frame)), limit); }
    void write(std::string_view bytes, Timeout limit);

    /// So much of a file, from `offset` on. False where the peer takes no more, but may have said why.
    bool write_file(int file, std::uint64_t offset, std::size_t size, Timeout limit);

    /// Says no more, and takes what the peer still sends, for so long: else the kernel would take back what was said.
    void part(Duration patience) noexcept;

    [[noreturn]] void raise(int errnum, std::string_view call) const;
    [[noreturn]] void raise_out_of_order() const { raise_protocol_error("a frame out of order"); }
    [[noreturn]] void raise_protocol_error(std::string_view what) const;

private:
    Result<std::size_t> fill(Timeout limit);

    Socket& connection_;
    FrameReader reader_;
    Buffer memory_ = Buffer::with_capacity(at_once);
    Bytes unread_;  // in memory_
    bool at_end_ = false;
};

}  // namespace bight::file_transfer

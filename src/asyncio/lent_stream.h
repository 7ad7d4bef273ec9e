// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/stream.h>

#include <string_view>

namespace bight::asyncio::detail {

/// Bytes that a call of our own moves through the descriptor of a stream, between its operations. While the last of these
/// lives the descriptor does not block. In a frame that lives no longer than the stream.
class LentStream {
public:
    /// ClosedError, which names `call`.
    LentStream(Stream& stream, std::string_view call);
    ~LentStream();
    LentStream(const LentStream&) = delete;
    LentStream& operator=(const LentStream&) = delete;

    /// Whether there is a descriptor, and it does not block.
    bool does_not_block() const noexcept { return does_not_block_; }

    /// The descriptor. ClosedError where the stream was closed meanwhile.
    int fileno() const;

    /// From now on nothing is received that was not asked for.
    void leave_input() { channel_->receive_ahead(false); }

    /// What was taken from the stream and is for the next read to give, before all else. Nothing where it was closed.
    void put_back(Buffer data);

    /// Whether the next byte of the stream is to be had from the descriptor.
    bool leaves_input() const;

private:
    Stream& stream_;
    engine::Channel* channel_;
    std::string_view call_;
    bool does_not_block_;
};

}  // namespace bight::asyncio::detail

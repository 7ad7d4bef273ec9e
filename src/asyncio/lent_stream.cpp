// SPDX-License-Identifier: BSL-1.0
#include "asyncio/lent_stream.h"

#include "sys/calls.h"

#include <cstring>
#include <utility>

namespace bight::asyncio::detail {

namespace {

/// All of this thread: few at a time.
constinit thread_local LentStream* first_lent = nullptr;

}  // namespace

LentStream::LentStream(Stream& stream, std::string_view call)
    : next_(first_lent), stream_(stream), channel_(&stream.channel(call)), call_(call) {
    first_lent = this;
    int fd = channel_->fileno();
    if (fd < 0) return;
    does_not_block_ = sys::is_nonblocking(fd).value_or(false);
    if (does_not_block_) return;
    // Where io_uring is the engine: it finds its way with descriptors that do not block, too.
    was_blocking_ = does_not_block_ = sys::set_nonblocking(fd, true).has_value();
}

LentStream::~LentStream() {
    LentStream** place = &first_lent;
    while (*place != this) place = &(*place)->next_;
    *place = next_;
    if (!was_blocking_ || stream_.channel_.get() != channel_) return;
    if (LentStream* left = other())
        left->was_blocking_ = true;
    else
        (void)sys::set_nonblocking(channel_->fileno(), false);
}

/// One that is of the same stream, and left.
LentStream* LentStream::other() const noexcept {
    LentStream* lent = first_lent;
    while (lent && lent->channel_ != channel_) lent = lent->next_;
    return lent;
}

void LentStream::put_back(Buffer data) {
    if (stream_.channel_.get() != channel_) return;
    Bytes behind = channel_->unread();
    if (!behind.empty()) {
        Buffer whole = Buffer::with_capacity(data.size() + behind.size());
        std::memcpy(whole.room().data(), data.data(), data.size());
        std::memcpy(whole.room().data() + data.size(), behind.data(), behind.size());
        whole.resize(data.size() + behind.size());
        channel_->consume(behind.size());
        data = std::move(whole);
    }
    channel_->append_unread(std::move(data));
}

int LentStream::fileno() const { return stream_.channel(call_).fileno(); }
bool LentStream::leaves_input() const { return does_not_block_ && stream_.channel(call_).leaves_input(); }

}  // namespace bight::asyncio::detail

// SPDX-License-Identifier: BSL-1.0
#include "asyncio/lent_stream.h"

#include <cstring>
#include <utility>

namespace bight::asyncio::detail {

LentStream::LentStream(Stream& stream, std::string_view call)
    : stream_(stream), channel_(&stream.channel(call)), call_(call), does_not_block_(channel_->lend()) {}

LentStream::~LentStream() {
    if (does_not_block_ && stream_.channel_.get() == channel_) channel_->give_back();
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

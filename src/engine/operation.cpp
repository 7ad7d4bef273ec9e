// SPDX-License-Identifier: BSL-1.0
#include <bight/engine/operation.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace bight::engine {

Result<void> Channel::passes_fds() noexcept { return std::unexpected(Errno(EOPNOTSUPP)); }

// ---- What is unread. ---------------------------------------------------------------------------------------------------

Bytes Channel::unread() const noexcept { return unread_ ? unread_->data.bytes().slice(unread_->offset) : Bytes(); }

void Channel::consume(std::size_t size) noexcept {
    unread_->offset += size;
    if (unread_->offset == unread_->data.size()) unread_.reset();
}

void Channel::append_unread(Buffer data) {
    if (data.empty()) return;
    if (!unread_) {
        unread_ = std::make_unique<Unread>(Unread{std::move(data), 0});
        return;
    }
    Bytes before = unread();
    std::size_t needed = before.size() + data.size();
    if (unread_->data.capacity() < unread_->data.size() + data.size()) {
        Buffer larger = Buffer::with_capacity(std::max(needed, before.size() * 2));
        std::memcpy(larger.room().data(), before.data(), before.size());
        larger.resize(before.size());
        unread_->data = std::move(larger);
        unread_->offset = 0;
    }
    std::size_t end = unread_->data.size();
    std::memcpy(unread_->data.room().data() + end, data.data(), data.size());
    unread_->data.resize(end + data.size());
}

bool Channel::receive_what_is_unread(Operation& operation) noexcept {
    std::size_t size = std::min({unread().size(), operation.size, std::size_t{INT32_MAX}});
    if (operation.verb == Verb::receive_into) {
        std::memcpy(operation.memory, unread().data(), size);
        consume(size);
    }
    operation.finish(static_cast<std::int64_t>(size));
    return true;
}

Buffer Channel::take_unread(std::size_t limit) {
    if (unread_->offset == 0 && unread_->data.size() <= limit) return std::move(std::exchange(unread_, nullptr)->data);
    Buffer part = Buffer::copy_of(unread().slice(0, limit));
    consume(part.size());
    return part;
}

}  // namespace bight::engine

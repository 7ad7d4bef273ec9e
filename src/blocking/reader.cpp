// SPDX-License-Identifier: BSL-1.0
#include <bight/file.h>

#include "blocking/deadline.h"
#include "blocking/insist.h"
#include "blocking/or_raise.h"
#include "blocking/read_pace.h"
#include "blocking/socket_state.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace bight {
namespace {

// What a peer announces is not believed: memory grows as data comes.
constexpr std::size_t largest_read = std::size_t{64} << 10;

}  // namespace

BufferedReader::BufferedReader() noexcept = default;

BufferedReader::BufferedReader(std::shared_ptr<SocketState> socket, std::size_t buffering)
    : socket_(std::move(socket)), buffering_(buffering), open_(true) {}

BufferedReader::BufferedReader(Buffer contents) : buffer_(std::move(contents)), open_(true) {}

BufferedReader::BufferedReader(BufferedReader&& other) noexcept
    : socket_(std::move(other.socket_)),
      buffer_(std::move(other.buffer_)),
      start_(std::exchange(other.start_, 0)),
      buffering_(other.buffering_),
      open_(std::exchange(other.open_, false)),
      timed_out_(other.timed_out_) {}

BufferedReader& BufferedReader::operator=(BufferedReader&& other) noexcept {
    socket_ = std::move(other.socket_);
    buffer_ = std::move(other.buffer_);
    start_ = std::exchange(other.start_, 0);
    buffering_ = other.buffering_;
    open_ = std::exchange(other.open_, false);
    timed_out_ = other.timed_out_;
    return *this;
}

BufferedReader::~BufferedReader() = default;

void BufferedReader::require_open() const {
    if (!open_) throw ValueError("I/O operation on closed file.");
}

// ---- The buffer: buffer_ holds what was received, from start_ on what was not yet taken. -------------------------------

void BufferedReader::make_room(std::size_t wanted) {
    if (start_ == buffer_.size()) {  // an idle reader holds no memory
        buffer_ = Buffer::with_capacity(wanted);
    } else if (buffer_.size() == buffer_.capacity()) {
        Bytes rest = buffered();
        if (start_ >= buffer_.capacity() / 2) {
            std::memmove(buffer_.room().data(), rest.data(), rest.size());
            buffer_.resize(rest.size());
        } else {
            Buffer larger = Buffer::with_capacity(buffer_.capacity() * 2);
            std::memcpy(larger.room().data(), rest.data(), rest.size());
            larger.resize(rest.size());
            buffer_ = std::move(larger);
        }
    } else {
        return;
    }
    start_ = 0;
}

/// Takes no more from the kernel than the buffer is to hold, or than is wanted: without a buffer not a byte too many.
std::size_t BufferedReader::fill(std::size_t wanted) {
    if (!socket_) return 0;  // a file over bytes has all it will ever have
    if (timed_out_) throw OSError(EIO, "cannot read from timed out object");
    std::size_t most = std::max({buffering_, std::min(wanted, largest_read), std::size_t{1}});
    make_room(most);
    auto room = buffer_.room().subspan(buffer_.size());
    room = room.first(std::min(room.size(), most));
    auto count = pace_ ? recv_at_pace(room) : socket_->recv(room, 0);
    if (!count) {
        timed_out_ = count.error().number() == ETIMEDOUT;
        raise_os_error(count.error(), socket_->context("read", "from"));
    }
    buffer_.resize(buffer_.size() + *count);
    return *count;
}

Result<std::size_t> BufferedReader::recv_at_pace(MutableBytes room) {
    while (true) {
        auto count = sys::recv(socket_->fd.fileno(), room, MSG_DONTWAIT);
        if (count) {
            pace_->count(*count);
            socket_->ended = *count == 0;
            return count;
        }
        int errnum = count.error().number();
        if (errnum == EINTR) {
            interrupted();
            continue;
        }
        if (errnum != EAGAIN) return count;
        auto end = pace_->end(socket_->timeout);
        Timeout left;
        if (end != sys::TimePoint::max()) left = std::max(end - sys::now(), Duration::zero());
        auto ready = wait_until_ready(socket_->fd.fileno(), POLLIN, Deadline(left));
        if (ready) continue;
        if (ready.error().number() == ETIMEDOUT) pace_->blame();
        return std::unexpected(ready.error());
    }
}

Buffer BufferedReader::take(std::size_t size) {
    Buffer taken = Buffer::copy_of(buffered().slice(0, size));
    start_ += taken.size();
    if (socket_ && start_ == buffer_.size()) {
        buffer_ = Buffer();
        start_ = 0;
    }
    return taken;
}

// ---- Reading. ----------------------------------------------------------------------------------------------------------

Buffer BufferedReader::read(std::size_t size) {
    require_open();
    while (buffered().size() < size && fill(size - buffered().size()) != 0) {}
    return take(size);
}

Buffer BufferedReader::read_all(std::size_t limit) {
    require_open();
    do {
        if (buffered().size() > limit)
            throw LimitOverrunError("more than " + std::to_string(limit) + " bytes before the end", buffered().size());
    } while (fill(largest_read) != 0);
    return take(buffered().size());
}

Buffer BufferedReader::read1(std::size_t size) {
    require_open();
    if (size != 0 && buffered().empty()) fill(size);
    return take(size);
}

MutableBytes BufferedReader::readinto(MutableBytes memory) {
    require_open();
    std::size_t filled = 0;
    while (filled < memory.size()) {
        try {
            if (buffered().empty() && fill(memory.size() - filled) == 0) break;
        } catch (...) {
            buffer_ = Buffer::copy_of(memory.first(filled));
            start_ = 0;
            throw;
        }
        Bytes part = buffered().slice(0, memory.size() - filled);
        std::memcpy(memory.data() + filled, part.data(), part.size());
        filled += part.size();
        start_ += part.size();
    }
    return memory.first(filled);
}

Buffer BufferedReader::readuntil(Bytes separator, std::size_t limit) {
    require_open();
    if (separator.empty()) throw ValueError("Separator should be at least one-byte string");
    std::size_t searched = 0;  // no separator begins before this
    while (true) {
        auto text = buffered().view();
        auto found = text.find(separator.view(), searched);
        std::size_t length = found == text.npos ? text.size() : found + separator.size();
        if (length > limit)
            throw LimitOverrunError("no separator in the first " + std::to_string(limit) + " bytes", text.size());
        if (found != text.npos) return take(length);
        if (text.size() >= separator.size()) searched = text.size() - separator.size() + 1;
        if (fill(1) == 0) return take(text.size());
    }
}

bool BufferedReader::skip_line() {
    require_open();
    do {
        auto newline = buffered().view().find('\n');
        if (newline != std::string_view::npos) {
            start_ += newline + 1;
            return true;
        }
        start_ = buffer_.size();
    } while (fill(1) != 0);
    return false;
}

Bytes BufferedReader::peek() {
    require_open();
    if (buffered().empty()) fill(1);
    return buffered();
}

// ---- Ending. -----------------------------------------------------------------------------------------------------------

void BufferedReader::close() noexcept { *this = BufferedReader(); }
bool BufferedReader::closed() const noexcept { return !open_; }

int BufferedReader::fileno() const {
    require_open();
    if (!socket_) throw ValueError("a file over bytes has no descriptor");
    return socket_->fd.fileno();
}

}  // namespace bight

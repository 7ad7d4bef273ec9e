// SPDX-License-Identifier: BSL-1.0
#include <bight/file.h>

#include "blocking/insist.h"
#include "blocking/socket_state.h"

#include <algorithm>
#include <cstring>

namespace bight {
BufferedWriter::BufferedWriter() noexcept = default;

BufferedWriter::BufferedWriter(std::shared_ptr<SocketState> socket, std::size_t buffering)
    : socket_(std::move(socket)), buffering_(buffering) {}

BufferedWriter::BufferedWriter(BufferedWriter&&) noexcept = default;
BufferedWriter& BufferedWriter::operator=(BufferedWriter&&) noexcept = default;
BufferedWriter::~BufferedWriter() = default;

void BufferedWriter::require_open() const {
    if (!socket_) throw ValueError("I/O operation on closed file.");
}

std::size_t BufferedWriter::write(Bytes data) {
    require_open();
    const std::size_t size = data.size();
    try {
        if (buffer_.size() + data.size() > buffering_) flush();
        if (data.size() > buffering_) send(data);
    } catch (...) {
        append(data);
        throw;
    }
    append(data);
    return size;
}

void BufferedWriter::append(Bytes data) {
    if (data.empty()) return;
    if (buffer_.capacity() - buffer_.size() < data.size()) {
        Buffer larger = Buffer::with_capacity(std::max(buffering_, buffer_.size() + data.size()));
        if (!buffer_.empty()) std::memcpy(larger.room().data(), buffer_.data(), buffer_.size());
        larger.resize(buffer_.size());
        buffer_ = std::move(larger);
    }
    std::memcpy(buffer_.room().data() + buffer_.size(), data.data(), data.size());
    buffer_.resize(buffer_.size() + data.size());
}

void BufferedWriter::send(Bytes& rest) {
    if (auto sent = socket_->sendall(rest, 0); !sent) raise_os_error(sent.error(), socket_->context("write", "to"));
}

void BufferedWriter::flush() {
    require_open();
    if (buffer_.empty()) return;
    Bytes rest = buffer_;
    try {
        send(rest);
    } catch (...) {  // what was sent must not be sent again
        std::memmove(buffer_.room().data(), rest.data(), rest.size());
        buffer_.resize(rest.size());
        throw;
    }
    buffer_ = Buffer();  // an idle writer holds no memory
}

void BufferedWriter::close() {
    if (!socket_) return;
    BufferedWriter closing = std::move(*this);
    closing.flush();
}

bool BufferedWriter::closed() const noexcept { return !socket_; }

int BufferedWriter::fileno() const {
    require_open();
    return socket_->fd.fileno();
}

}  // namespace bight

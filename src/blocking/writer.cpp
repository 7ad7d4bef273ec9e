// SPDX-License-Identifier: BSL-1.0
#include <bight/file.h>

#include "blocking/socket_state.h"

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
    if (buffer_.size() + data.size() > buffering_) flush();
    if (data.size() > buffering_ || buffering_ == 0) {
        send(data);
        return size;
    }
    if (buffer_.capacity() == 0) buffer_ = Buffer::with_capacity(buffering_);
    if (!data.empty()) std::memcpy(buffer_.room().data() + buffer_.size(), data.data(), data.size());
    buffer_.resize(buffer_.size() + data.size());
    return size;
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
    return socket_->fd.get();
}

}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/buffer.h>
#include <bight/bytes.h>
#include <bight/engine/operation.h>
#include <bight/error.h>
#include <bight/message.h>

#include <cstddef>

namespace bight::engine {

/// What comes beside the data of Verb::receive_fds. It owns the descriptors: they are closed with it.
struct ArrivingFds {
    explicit ArrivingFds(Buffer memory) noexcept : room(std::move(memory)) {}

    Buffer room;  // for ancillary data
    Ancillary ancillary;
    int flags = 0;  // as recvmsg(2) gives them
};

/// What Verb::send_fds sends.
struct LeavingFds {
    Bytes data;
    Bytes ancillary;
};

/// Receives what is there, without waiting.
Result<std::size_t> receive_fds(int fd, MutableBytes memory, ArrivingFds& arriving) noexcept;

/// Sends the descriptors with as much of the data as there is room for, without waiting. The operation is then a send of
/// the rest.
Result<void> send_fds(int fd, Operation& operation) noexcept;

}  // namespace bight::engine

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/datagram_port.h"

namespace bight::engine {

class EpollChannel;

/// The port of an EpollChannel that is one for datagrams.
class EpollPort final : public DatagramPort {
public:
    EpollPort(EpollChannel& channel, DatagramBatches& batches, int fd, Family family) noexcept
        : DatagramPort(batches, fd, family), channel_(channel) {}

private:
    void wait_for_room() noexcept override;

    EpollChannel& channel_;
};

}  // namespace bight::engine

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "server_sockets.h"

#include <bight/handover.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace bight::tool {

/// `serve --handover PATH`: takes over from the process that serves there, and is taken over from by the next.
class HandOver {
public:
    /// Asks who serves at `path`, or else takes the place. Raises OSError.
    explicit HandOver(const std::string& path);
    ~HandOver() { stop(); }
    HandOver(const HandOver&) = delete;
    HandOver& operator=(const HandOver&) = delete;

    /// A socket of the predecessor's by its name in --listen; none where there is none, or nobody to take it from.
    std::optional<Socket> take(const std::string& name);

    /// This process serves, and cannot fail to any more: tells the predecessor, has the paths from then on, and begins to
    /// wait for a successor. Once there is one, this process gets a SIGTERM, as if from outside. Sockets that nobody took
    /// are closed, with their paths.
    void begin(std::vector<ServerSocket>& sockets);

    /// Before the sockets are closed.
    void stop() noexcept;

    /// Whether a successor has them. From then on they are left alone: it may have them block.
    bool is_over() const noexcept { return place_ && place_->fileno() < 0; }

    /// Whether a successor has them, or may have them. Ends the waiting for one.
    bool may_be_over();

    /// The listener at the path, or -1: a child closes it.
    int fileno() const noexcept { return place_ ? place_->fileno() : -1; }

private:
    void wait_for_successor(const std::vector<handover::Offer>& sockets);

    std::optional<handover::Successor> successor_;  // what this process is
    std::optional<handover::Predecessor> place_;
    std::jthread waiting_;
};

}  // namespace bight::tool

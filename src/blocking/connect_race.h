// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/addrinfo.h>
#include <bight/socket.h>

#include "blocking/deadline.h"

#include <optional>
#include <string>
#include <vector>

namespace bight {

/// How create_connection() connects: one candidate after the other, or, after RFC 8305, the next one whenever `delay`
/// has passed without an answer, so that a dead family costs a quarter of a second and not the whole limit.
class ConnectRace {
public:
    ConnectRace(const socket::ConnectionOptions& options, const Deadline& deadline)
        : options_(options), deadline_(deadline) {}

    /// The first connection that stands, in the mode that `options` asks for; nothing if all have failed.
    std::optional<Socket> run(const std::vector<socket::AddrInfo>& candidates);

    /// What became of each attempt, in the order in which they failed.
    const std::vector<socket::ConnectionAttempt>& failures() const noexcept { return failures_; }

private:
    struct Runner {
        Socket socket;
        Address address;
    };

    std::optional<Socket> run_one_by_one(const std::vector<socket::AddrInfo>& candidates);
    std::optional<Socket> start(const socket::AddrInfo& candidate);
    std::optional<Socket> wait(const Deadline& until);
    bool prepare(Socket& socket, const Address& address);
    void failed(const Address& address, Errno error) { failures_.push_back({address, error.number()}); }

    const socket::ConnectionOptions& options_;
    const Deadline& deadline_;
    std::vector<Runner> runners_;
    std::vector<socket::ConnectionAttempt> failures_;
};

/// The order of RFC 8305, section 4: the families take turns, beginning with that of the first; within a family the
/// order stays what the resolver says.
std::vector<socket::AddrInfo> interleave_families(std::vector<socket::AddrInfo> candidates);

}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "admission.h"
#include "conversation.h"
#include "listen.h"
#include "stop_signals.h"

#include <bight/endpoint.h>
#include <bight/time.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bight::tool {

/// What a server has done so far. Counted from many threads, or processes.
struct Tally {
    using Count = std::atomic<std::uint64_t>;

    Count connections = 0;
    Count datagrams = 0;
    Count received = 0;  // bytes
    Count sent = 0;
    Count refused = 0;  // connections over a limit
    Count failed = 0;   // connections that ended otherwise than by their client's end of stream
    Count dropped = 0;  // answers to datagrams that could not be sent

    /// "3 connections, 1024 bytes in, 1024 bytes out"; counts that most servers never need only where they are not 0.
    std::string to_string() const;
};

/// One that this process and its children count in together; it lasts as long as they do.
Tally& shared_tally();

/// What every connection of a server needs to know.
struct ServeContext {
    Service service;
    Timeout idle;
    std::size_t buffer;
    Admission admission;
    Tally& tally;
    std::size_t max_children;  // of a server that forks
};

/// How a server's life ended.
struct ServeEnd {
    int signal = 0;        // that asked for the end; 0 for a failure
    bool drained = false;  // every client was served to its end
};

/// A server that listens already.
class StyleServer {
public:
    virtual ~StyleServer() = default;

    /// Where it listens; with the real port, where 0 was asked for.
    const std::vector<Endpoint>& endpoints() const noexcept { return endpoints_; }

    /// Serves until the first signal, then lets live connections finish; at most for `drain`, or until the second.
    virtual ServeEnd run(StopSignals& signals, Duration drain) = 0;

    /// The paths it is bound to are removed; otherwise when it is destroyed.
    void remove_paths() noexcept { paths_.clear(); }

protected:
    /// To be called for each address, once it is bound.
    void bound(Scheme scheme, const Address& address);

private:
    std::vector<Endpoint> endpoints_;
    std::vector<BoundPath> paths_;
};

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "admission.h"
#include "conversation.h"
#include "message_pace.h"
#include "serve.h"
#include "stop_signals.h"

#include <bight/time.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace bight::tool {

/// What a server has done so far. Counted from many threads, or processes.
struct Tally {
    using Count = std::atomic<std::uint64_t>;

    Count connections = 0;
    Count datagrams = 0;
    Count received = 0;  // bytes
    Count sent = 0;
    Count refused = 0;        // connections over a limit
    Count refused_later = 0;  // the same, once a proxy had said who they are
    Count failed = 0;         // connections that ended otherwise than by their client's end of stream
    Count dropped = 0;        // answers to datagrams that could not be sent

    std::atomic<bool> draining = false;  // services that never end do so now

    /// "3 connections, 1024 bytes in, 1024 bytes out"; counts that most servers never need only where they are not 0.
    std::string to_string() const;
};

/// One that this process and its children count in together; it lasts as long as they do.
Tally& shared_tally();

/// How long a client is listened to that has been told all there is to say.
inline constexpr Duration longest_farewell = std::chrono::seconds(1);

/// What every connection of a server needs to know.
struct ServeContext {
    const ServeOptions& options;
    Service service;
    Timeout idle;
    MessageLimits messages;
    std::size_t buffer;
    Admission admission;
    Tally& tally;
    std::size_t max_children;  // of a server that forks
    std::function<void()>
        before_drain{};  // called once, while the sockets are still open, when no more clients are to come
    std::function<void()> in_child{};                             // called in each process that serves one client
    std::function<bool()> is_handed_over = [] { return false; };  // the sockets are another process's
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

    /// Serves until the first signal, then lets live connections finish; at most for `drain`, or until the second. Where
    /// nobody can come any more, for inetd has accepted, until they have finished.
    virtual ServeEnd run(StopSignals& signals, Duration drain) = 0;
};

}  // namespace bight::tool

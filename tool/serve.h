// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "conversation.h"

#include <bight/asyncio/loop.h>
#include <bight/socketserver.h>
#include <bight/socketserver/proxies.h>
#include <bight/time.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bight::tool {

/// How a server shares itself among its clients.
enum class Style { iterative, thread, pool, fork, prefork, select, poll, epoll, selectors, async };

struct ServeOptions {
    Service service = Service::echo;
    Style style = Style::selectors;
    std::vector<std::string> listen;  // endpoints
    std::string port_file;            // empty: none
    std::string handover;             // a path; empty: none
    bool limits = true;
    std::optional<std::size_t> max_conn;                          // unset: 0.8 x the limit of descriptors
    std::shared_ptr<const socketserver::TrustedProxies> proxies;  // null: clients come by themselves
    Timeout idle;                                                 // unset: 120 s where a service has messages
    std::optional<Duration> first_message, rate_grace;            // of services with messages: see MessageLimits
    std::optional<std::size_t> min_rate, max_message;
    Timeout lifetime;                    // of --style pool and prefork
    std::optional<std::size_t> threads;  // of --style pool; unset: 256
    std::optional<std::size_t> queue;    // of --style pool; unset: 1024
    std::optional<socketserver::WhenFull> when_full;
    std::optional<std::size_t> workers;           // unset: of --style prefork one for each processor, of async one
    std::optional<std::size_t> max_requests;      // of --style prefork
    std::optional<asyncio::EngineChoice> engine;  // of --style async
    bool observable = true;                       // of --style async: by `bight ps`
    Duration drain = std::chrono::seconds(30);
    std::size_t buffer = std::size_t{64} << 10;
};

/// Those of `--trust`: networks and addresses between commas, and "unix" for whoever comes over a Unix socket.
/// Raises ValueError.
std::shared_ptr<const socketserver::TrustedProxies> parse_proxies(const std::string& text);

/// `bight serve`. Returns the exit code; raises what went wrong before it served.
int run_serve(const ServeOptions& options);

}  // namespace bight::tool

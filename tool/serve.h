// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "conversation.h"

#include <bight/time.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace bight::tool {

/// How a server shares itself among its clients.
enum class Style { iterative, thread, pool, fork, select, poll, epoll, selectors };

struct ServeOptions {
    Service service = Service::echo;
    Style style = Style::selectors;
    std::vector<std::string> listen;  // endpoints
    std::string port_file;            // empty: none
    bool limits = true;
    std::optional<std::size_t> max_conn;  // unset: 0.8 x the limit of descriptors
    Timeout idle;
    Duration drain = std::chrono::seconds(30);
    std::size_t buffer = std::size_t{64} << 10;
};

/// `bight serve`. Returns the exit code; raises what went wrong before it served.
int run_serve(const ServeOptions& options);

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ip.h"

#include <functional>

namespace CLI {
class App;
}

namespace bight::tool {

/// `bight ip` with its subcommands: they fill `options` and set `action`.
void add_ip(CLI::App& app, IpOptions& options, std::function<int()>& action);

}  // namespace bight::tool

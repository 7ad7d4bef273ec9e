// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ip.h"

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace bight::tool {

/// `bight ip` with its subcommands: they fill `options` and set `action`.
void add_ip(CLI::App& app, IpOptions& options, std::function<int()>& action);

/// Moves what stands behind "--" from a command line that begins with "ip" to `options`: CLI11 would not tell where.
void take_behind_dashes(std::vector<std::string>& arguments, IpOptions& options);

}  // namespace bight::tool

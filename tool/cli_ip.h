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

/// Makes a command line that begins with "ip" ready for CLI11: what stands behind "--" moves to `options`, for it would
/// not tell where, and words in brackets are kept from being taken apart.
void prepare_ip(std::vector<std::string>& arguments, IpOptions& options);

/// CLI11 takes a word like "[a,b]" apart, where there may be several. What no argument can hold keeps it whole, until it is
/// dropped.
void guard_brackets(std::vector<std::string>& arguments);
void drop_guard(std::string& word);

}  // namespace bight::tool

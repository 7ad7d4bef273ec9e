// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "recv.h"
#include "send.h"

#include <functional>

namespace CLI {
class App;
}

namespace bight::tool {

/// `bight send` and `bight recv`: they fill their options and set `action`.
void add_files(CLI::App& app, SendOptions& send, RecvOptions& recv, std::function<int()>& action);

}  // namespace bight::tool

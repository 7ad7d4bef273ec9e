// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace bight::tool {

/// Reads the command line and runs what it asks for. Returns the exit code.
int run_command_line(int argc, char** argv);

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
// Go: echo.go, which is built beside this program where there is a compiler for it.
#include "servers/servers.h"

#include "support/children.h"

#include <filesystem>
#include <stdexcept>
#include <string>

namespace bench {

void serve_go(Service, int fd) {
    auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "echo_go";
    become({program.string(), std::to_string(fd)}, {fd});
    throw std::runtime_error(program.string() + " was not built");
}

}  // namespace bench

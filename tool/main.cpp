// SPDX-License-Identifier: BSL-1.0
#include "cli.h"
#include "exit_code.h"
#include "talk.h"

#include <csignal>
#include <exception>

#include <fcntl.h>

namespace {

/// Started without standard input, output or error, the first sockets would take their places.
bool have_standard_descriptors() {
    for (int fd = 0; fd <= 2; ++fd)
        if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd) return false;
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    using namespace bight::tool;
    ignore_sigpipe();
    try {
        if (!have_standard_descriptors()) return exit_code::no;
        return run_command_line(argc, argv);
    } catch (const OutputClosed&) {
        return exit_code::signalled + SIGPIPE;
    } catch (const std::exception& error) {
        return complain(error);
    }
}

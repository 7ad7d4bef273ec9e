// SPDX-License-Identifier: BSL-1.0
#include "interruption.h"

#include <bight/error.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace bight::tool {
namespace {

volatile std::sig_atomic_t caught = 0;
int wake_fd = -1;  // readable once a signal was caught; poll() passes over -1

extern "C" void catch_signal(int number) {
    if (caught != 0) ::_exit(exit_code::signalled + number);
    caught = number;
    int errnum = errno;
    ::eventfd_write(wake_fd, 1);
    errno = errnum;
}

}  // namespace

void watch_interruptions() {
    wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_fd < 0) raise_os_error(errno, "eventfd");
    struct sigaction action = {};
    action.sa_handler = catch_signal;  // without SA_RESTART: what blocks returns
    for (int number : {SIGINT, SIGTERM}) ::sigaddset(&action.sa_mask, number);  // a second does not overtake the first
    for (int number : {SIGINT, SIGTERM}) {
        struct sigaction before = {};
        if (::sigaction(number, nullptr, &before) != 0) raise_os_error(errno, "sigaction");
        if (before.sa_handler == SIG_IGN) continue;  // whoever started it wants it to outlive that signal
        if (::sigaction(number, &action, nullptr) != 0) raise_os_error(errno, "sigaction");
    }
}

void raise_if_interrupted() {
    if (int number = caught) throw Interrupted(number);
}

void wait_readable(int fd) {
    pollfd ready[] = {{fd, POLLIN, 0}, {wake_fd, POLLIN, 0}};
    while (::poll(ready, 2, -1) < 0)
        if (errno != EINTR) raise_os_error(errno, "poll");
    raise_if_interrupted();
}

}  // namespace bight::tool

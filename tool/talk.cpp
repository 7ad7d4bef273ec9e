// SPDX-License-Identifier: BSL-1.0
#include "talk.h"

#include <bight/error.h>
#include <bight/printable.h>

#include <cerrno>
#include <csignal>

#include <poll.h>
#include <unistd.h>

namespace bight::tool {
namespace {

void (*sigpipe_before)(int) = SIG_DFL;

/// What to try next; empty where there is nothing to say.
std::string_view hint(const std::exception& error) noexcept {
    auto* os_error = dynamic_cast<const OSError*>(&error);
    if (!os_error || !std::string_view(error.what()).starts_with("bind to ")) return "";
    switch (os_error->errnum()) {
        case EACCES: return " (ports below 1024 need CAP_NET_BIND_SERVICE, paths a directory that may be written)";
        case EADDRINUSE: return " (somebody listens there already; port 0 takes a free one)";
        case EADDRNOTAVAIL: return " (no interface of this machine has that address)";
        default: return "";
    }
}

/// Whoever made it non-blocking shares it with this process: that is no error of its reader's.
void wait_for_room(int fd) noexcept {
    pollfd room{fd, POLLOUT, 0};
    (void)::poll(&room, 1, -1);
}

}  // namespace

int write_all(int fd, std::string_view text) noexcept {
    while (!text.empty()) {
        auto written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) {
            wait_for_room(fd);
            continue;
        }
        if (written < 0) return errno;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

void say(std::string_view line, std::string_view more) noexcept {
    try {
        std::string text = "bight: ";
        text += printable(line);
        text += printable(more);
        text += '\n';
        write_all(STDERR_FILENO, text);
    } catch (const std::bad_alloc&) {
        write_all(STDERR_FILENO, "bight: out of memory\n");
    }
}

void tell(std::string_view line) {
    std::string text(line);
    text += '\n';
    write_all(STDERR_FILENO, text);
}

int complain(const std::exception& error, Step step) noexcept {
    say(error.what(), hint(error));
    return exit_code_of(error, step);
}

void ignore_sigpipe() noexcept { sigpipe_before = std::signal(SIGPIPE, SIG_IGN); }
void restore_sigpipe() noexcept { std::signal(SIGPIPE, sigpipe_before); }

void print(std::string_view text) {
    int errnum = write_all(STDOUT_FILENO, text);
    if (errnum == EPIPE) throw OutputClosed();
    if (errnum != 0) raise_os_error(errnum, "write to standard output");
}

}  // namespace bight::tool

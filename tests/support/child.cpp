// SPDX-License-Identifier: BSL-1.0
#include "support/child.h"

#include <array>
#include <exception>
#include <stdexcept>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bight::testing {
namespace {

constexpr int out_of_the_way = 500;

[[noreturn]] void run(int report, const std::function<std::string()>& say) {
    std::string text;
    try {
        text = say();
    } catch (const std::exception& error) {
        text = std::string("error: ") + error.what();
    }
    bool written = ::write(report, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::_exit(written ? 0 : 1);
}

}  // namespace

std::string child_says(const std::function<std::string()>& say) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    int pid = ::fork();
    if (pid < 0) throw std::runtime_error("fork failed");
    if (pid == 0) {
        int report = ::fcntl(ends[1], F_DUPFD_CLOEXEC, out_of_the_way);
        for (int fd = 3; fd < report; ++fd) ::close(fd);
        run(report, say);
    }
    ::close(ends[1]);
    std::string text;
    std::array<char, 4096> part;
    for (ssize_t size; (size = ::read(ends[0], part.data(), part.size())) > 0;)
        text.append(part.data(), static_cast<std::size_t>(size));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (status != 0) throw std::runtime_error("the child ended with status " + std::to_string(status) + ": " + text);
    return text;
}

}  // namespace bight::testing

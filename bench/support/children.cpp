// SPDX-License-Identifier: BSL-1.0
#include "support/children.h"

#include "support/sockets.h"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace bench {

pid_t fork_child(const std::function<void()>& serve) {
    pid_t parent = ::getpid();
    pid_t child = must(::fork(), "fork");
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() == parent) serve();
        ::_exit(1);
    }
    return child;
}

clockid_t clock_of(pid_t process) {
    clockid_t clock;
    if (int errnum = ::clock_getcpuclockid(process, &clock); errnum != 0) {
        errno = errnum;
        must(-1, "clock_getcpuclockid");
    }
    return clock;
}

clockid_t start_child(const std::function<void()>& serve) { return clock_of(fork_child(serve)); }

void become(const std::vector<std::string>& command, const std::vector<int>& inherited) {
    for (int fd : inherited) ::fcntl(fd, F_SETFD, 0);
    std::vector<char*> words;
    for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    ::execvp(words[0], words.data());
}

void move_to_first_core() {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    (void)::sched_setaffinity(0, sizeof one, &one);  // one that is not ours to have is not taken
}

}  // namespace bench

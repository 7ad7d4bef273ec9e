// SPDX-License-Identifier: BSL-1.0
#include "socketserver/child.h"

#include "support/children.h"
#include "support/pairs.h"

#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <utility>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {
namespace {

double ns(const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_usec) * 1e3;
}

/// An error of the server's is told, and ends the child alone.
std::function<void()> told(const std::function<void()>& serve) {
    return [&serve] {
        try {
            serve();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "a server ended: %s\n", error.what());
        }
    };
}

}  // namespace

Account::Account() : fd_(must(::memfd_create("account", MFD_CLOEXEC), "memfd_create")) { write(); }
Account::~Account() { ::close(fd_); }

void Account::write() const {
    rusage self{}, children{};
    ::getrusage(RUSAGE_SELF, &self);
    ::getrusage(RUSAGE_CHILDREN, &children);
    double sum = ns(self.ru_utime) + ns(self.ru_stime) + ns(children.ru_utime) + ns(children.ru_stime);
    must(static_cast<int>(::pwrite(fd_, &sum, sizeof sum, 0)), "pwrite");
}

double Account::read_ns() const {
    double sum = 0;
    must(static_cast<int>(::pread(fd_, &sum, sizeof sum, 0)), "pread");
    return sum;
}

ServerChild::ServerChild(const Where& where, Cost cost, std::shared_ptr<Account> account,
                         const std::function<void()>& serve)
    : where_(where), cost_(cost), account_(std::move(account)), pid_(fork_child(told(serve))) {}

ServerChild::~ServerChild() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

std::vector<pid_t> ServerChild::workers() const {
    auto number = std::to_string(pid_);
    std::ifstream file("/proc/" + number + "/task/" + number + "/children");
    std::vector<pid_t> all;
    for (pid_t worker; file >> worker;) all.push_back(worker);
    return all;
}

double ServerChild::cpu_ns() const {
    if (cost_ == Cost::children) return account_->read_ns();
    double sum = clock_ns(clock_of(pid_));
    if (cost_ == Cost::workers)
        for (pid_t worker : workers()) sum += clock_ns(clock_of(worker));
    return sum;
}

double ServerChild::resident_bytes() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
    double size = 0, resident = 0;
    file >> size >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

}  // namespace bench

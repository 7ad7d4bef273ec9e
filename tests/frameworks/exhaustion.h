// SPDX-License-Identifier: BSL-1.0
/// Processes without a descriptor to have, and what servers cost while they wait.
#pragma once

#include "values/sanitizer.h"

#include <cctype>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace bight::socketserver {

// Sanitizers keep what was freed for a while, or shadows of it.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitizer_keeps_memory = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool sanitizer_keeps_memory = true;
#else
inline constexpr bool sanitizer_keeps_memory = false;
#endif
#else
inline constexpr bool sanitizer_keeps_memory = false;
#endif

/// No further descriptor for these processes, while it lives: all of them have the standard three.
class NoDescriptors {
public:
    explicit NoDescriptors(std::vector<int> pids = {::getpid()}) : pids_(std::move(pids)) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        for (int pid : pids_) {
            rlimit few{3, before_.rlim_max};
            ::prlimit(pid, RLIMIT_NOFILE, &few, nullptr);
        }
    }
    ~NoDescriptors() {
        for (int pid : pids_) ::prlimit(pid, RLIMIT_NOFILE, &before_, nullptr);
    }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

private:
    std::vector<int> pids_;
    rlimit before_{};
};

/// The processor time of this process and of the children that it has, to a hundredth of a second.
class ProcessorTime {
public:
    /// Since this was made, but for the looking itself.
    double seconds() const {
        double own = own_seconds() - own_;
        return own + seconds_of_children() - children_;
    }

private:
    static double own_seconds() {
        timespec time{};
        ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
    }

    static double seconds_of_children() {
        double sum = 0;
        for (auto& entry : std::filesystem::directory_iterator("/proc")) {
            auto name = entry.path().filename().string();
            if (!std::isdigit(static_cast<unsigned char>(name[0]))) continue;
            std::string stat;
            std::getline(std::ifstream("/proc/" + name + "/stat") >> std::ws, stat);
            int parent = 0;
            unsigned long user = 0, system = 0;
            auto end = stat.rfind(')');
            if (end == std::string::npos) continue;
            if (std::sscanf(stat.c_str() + end + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &parent,
                            &user, &system) == 3 &&
                parent == ::getpid())
                sum += static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
        }
        return sum;
    }

    double children_ = seconds_of_children();
    double own_ = own_seconds();  // after that, as the search is work of ours
};

/// Processor time of half a second or more in which nothing can be done: a spin takes all of it.
inline constexpr double little = bight::detail::is_sanitized ? 0.3 : 0.05;

}  // namespace bight::socketserver

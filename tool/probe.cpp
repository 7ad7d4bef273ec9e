// SPDX-License-Identifier: BSL-1.0
#include "probe.h"

#include <bight/error.h>
#include <bight/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <linux/io_uring.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace bight::tool {
namespace {

std::optional<std::uint64_t> limited(rlim_t value) {
    if (value == RLIM_INFINITY) return std::nullopt;
    return value;
}

}  // namespace

ProcessLimit process_limit(int resource) {
    rlimit limit{};
    ::getrlimit(static_cast<__rlimit_resource>(resource), &limit);
    return {limited(limit.rlim_cur), limited(limit.rlim_max)};
}

std::optional<long> kernel_setting(const std::string& name) {
    std::FILE* file = std::fopen(("/proc/sys/" + name).c_str(), "re");
    if (!file) return std::nullopt;
    long value = 0;
    bool found = std::fscanf(file, "%ld", &value) == 1;
    std::fclose(file);
    return found ? std::optional(value) : std::nullopt;
}

std::string io_uring_verdict() {
    io_uring_params params{};
    auto ring = ::syscall(SYS_io_uring_setup, 1, &params);  // the kernel makes it close-on-exec
    if (ring < 0) return std::string("refused: ") + std::strerror(errno);
    ::close(static_cast<int>(ring));
    return "available";
}

bool has_ipv6() {
    try {
        Socket(Family::inet6, Kind::datagram).bind(Address::ip("::1", 0));
        return true;
    } catch (const OSError&) {
        return false;
    }
}

Kernel kernel() {
    utsname names{};
    ::uname(&names);
    return {std::string(names.sysname) + ' ' + names.release, names.machine};
}

}  // namespace bight::tool

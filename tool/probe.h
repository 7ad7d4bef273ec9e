// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace bight::tool {

/// A limit of this process; none where there is no limit.
struct ProcessLimit {
    std::optional<std::uint64_t> soft;
    std::optional<std::uint64_t> hard;
};

/// `resource` is RLIMIT_… of getrlimit(2).
ProcessLimit process_limit(int resource);

/// The number in a file of /proc/sys; none if there is no such file.
std::optional<long> kernel_setting(const std::string& name);

/// "available", or "refused: Operation not permitted".
std::string io_uring_verdict();

/// Whether a socket can be bound to ::1.
bool has_ipv6();

/// "Linux 6.1.0", and the machine: "x86_64".
struct Kernel {
    std::string release;
    std::string machine;
};
Kernel kernel();

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bight::tool {

/// What the subcommands of `bight ip` are told; each reads what it knows.
struct IpOptions {
    std::vector<std::string> words;   // in the order of the command line
    std::vector<std::string> behind;  // grep, subtract: what stands behind "--"
    std::string patterns;             // -f: a file of networks
    bool batch = false;
    bool json = false;
    bool loose = false;   // host bits are cleared instead of refused
    bool hosts = false;   // list: without network and broadcast addresses
    bool invert = false;  // grep: -v -c -o -x
    bool count = false;
    bool only = false;
    bool exact = false;
    std::optional<std::uint64_t> limit;
};

class OutputBuffer;

// Each returns the exit code, and raises what went wrong. What is in `out` then was found before that, and counts.

int run_ip_batch(const IpOptions& options, OutputBuffer& out);
int run_ip_info(const IpOptions& options, OutputBuffer& out);
int run_ip_reverse(const IpOptions& options, OutputBuffer& out);
int run_ip_contains(const IpOptions& options, OutputBuffer& out);
int run_ip_collapse(const IpOptions& options, OutputBuffer& out);
int run_ip_subtract(const IpOptions& options, OutputBuffer& out);
int run_ip_split(const IpOptions& options, OutputBuffer& out);
int run_ip_range(const IpOptions& options, OutputBuffer& out);
int run_ip_list(const IpOptions& options, OutputBuffer& out);
int run_ip_lookup(const IpOptions& options, OutputBuffer& out);
int run_ip_grep(const IpOptions& options, OutputBuffer& out);

}  // namespace bight::tool

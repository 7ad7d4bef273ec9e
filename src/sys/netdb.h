// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/error.h>
#include <bight/family.h>

#include "sys/resolve.h"

#include <array>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// The databases of hosts, services, protocols and interfaces: the re-entrant calls only, for the others answer in
// memory that all threads share. Not noexcept, for their answers are strings.
namespace bight::sys {

struct HostRecord {
    std::string name;
    std::vector<std::string> aliases;
    Family family;
    std::vector<std::string> addresses;
};

/// Why a host was not found: h_errno, and the errno where the calling itself failed (then the code is negative).
struct HostFailure {
    int code;
    int errnum;
};

Result<std::string> gethostname();
Result<void> sethostname(const std::string& name) noexcept;
std::expected<HostRecord, HostFailure> host_by_name(const char* name, Family family);

/// `address` is of the internet, version 4 or 6.
std::expected<HostRecord, HostFailure> host_by_address(const Address& address);

/// ENOENT: the database has no such entry. `protocol` may be null.
Result<int> service_port(const char* name, const char* protocol);
Result<std::string> service_name(int port, const char* protocol);
Result<int> protocol_number(const char* name);

struct NamePair {
    std::string host;
    std::string service;
};
std::expected<NamePair, ResolveError> name_info(const Address& address, int flags);

Result<std::vector<std::pair<unsigned, std::string>>> interfaces();
Result<unsigned> interface_index(const char* name) noexcept;
Result<std::string> interface_name(unsigned index);

/// inet_aton(3), with all its forms.
std::optional<std::array<std::byte, 4>> loose_ipv4(const char* text) noexcept;

}  // namespace bight::sys

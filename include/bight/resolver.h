// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/addrinfo.h>
#include <bight/error.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bight::socket {

/// A service by name or by number; none at all is port 0.
class Service {
public:
    Service() noexcept = default;
    Service(std::nullptr_t) noexcept {}
    Service(std::string_view name) : name_(name), given_(true) {}
    Service(const std::string& name) : name_(name), given_(true) {}
    Service(const char* name) : name_(name), given_(true) {}

    /// Raises OverflowError outside 0..65535.
    Service(int port);

    const std::string* name() const noexcept { return given_ ? &name_ : nullptr; }

private:
    std::string name_;
    bool given_ = false;
};

/// Asks the system's resolver; waits for it. No host is the loopback, or any address with AI_PASSIVE.
/// Raises GaiError; ValueError for a host with a NUL or longer than 253 bytes, which is never cut short.
std::vector<AddrInfo> getaddrinfo(std::optional<std::string_view> host, const Service& service = {},
                                  const AddrInfoOptions& options = {});

}  // namespace bight::socket

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/addrinfo.h>
#include <bight/error.h>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

    /// Raises OverflowError outside 0..65535, whatever the type.
    Service(int port);
    template <std::integral Number>
    Service(Number port) : Service(std::in_range<int>(+port) ? static_cast<int>(port) : -1) {}

    const std::string* name() const noexcept { return given_ ? &name_ : nullptr; }

private:
    std::string name_;
    bool given_ = false;
};

/// Asks the system's resolver; waits for it. No host is the loopback, or any address with AI_PASSIVE.
/// Raises GaiError, at once for a host with a blank or a control character; ValueError for one with a NUL, longer than 253
/// bytes, or with a label that is empty or longer than 63. It is never cut short.
std::vector<AddrInfo> getaddrinfo(std::optional<std::string_view> host, const Service& service = {},
                                  const AddrInfoOptions& options = {});

}  // namespace bight::socket

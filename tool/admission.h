// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace bight::tool {

/// How many connections a server has at most.
struct ConnectionLimits {
    std::size_t total = unlimited;
    std::size_t per_peer = unlimited;  // from one host; none for the loopback and for Unix sockets

    static constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

    /// 0.8 x the limit of descriptors (or `total`, if given), and an eighth of that for each peer.
    static ConnectionLimits defaults(std::optional<std::size_t> total);
};

/// Lets as many descriptors be opened as this process may ask for.
void raise_descriptor_limit();

/// Counts live connections, and refuses those beyond the limits. May be used from many threads.
class Admission {
public:
    /// A place that a connection has; destroying it gives the place back. Outlived by its Admission.
    class Ticket {
    public:
        Ticket(Ticket&& other) noexcept
            : admission_(std::exchange(other.admission_, nullptr)), peer_(std::move(other.peer_)) {}
        Ticket& operator=(Ticket&&) = delete;
        ~Ticket() {
            if (admission_) admission_->give_back(peer_);
        }

    private:
        friend class Admission;
        Ticket() noexcept = default;
        Ticket(Admission& admission, std::string peer) noexcept : admission_(&admission), peer_(std::move(peer)) {}

        Admission* admission_ = nullptr;  // none where no limit holds
        std::string peer_;                // empty where no limit for peers holds
    };

    explicit Admission(const ConnectionLimits& limits) noexcept : limits_(limits) {}

    /// None if there is no place; that is said on standard error, once for each of the two reasons.
    std::optional<Ticket> admit(const Address& peer);

private:
    void give_back(const std::string& peer) noexcept;

    ConnectionLimits limits_;
    std::mutex mutex_;
    std::size_t live_ = 0;
    std::map<std::string, std::size_t, std::less<>> by_peer_;
    bool said_total_ = false;
    bool said_peer_ = false;
};

}  // namespace bight::tool

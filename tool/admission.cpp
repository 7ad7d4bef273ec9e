// SPDX-License-Identifier: BSL-1.0
#include "admission.h"

#include "talk.h"

#include <algorithm>

#include <sys/resource.h>

namespace bight::tool {

ConnectionLimits ConnectionLimits::defaults(std::optional<std::size_t> total) {
    rlimit descriptors{};
    ::getrlimit(RLIMIT_NOFILE, &descriptors);
    ConnectionLimits limits;
    limits.total = total.value_or(static_cast<std::size_t>(descriptors.rlim_cur) / 5 * 4);
    limits.per_peer = std::max<std::size_t>(limits.total / 8, 1);
    return limits;
}

void raise_descriptor_limit() {
    rlimit descriptors{};
    if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return;
    descriptors.rlim_cur = descriptors.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &descriptors);
}

std::optional<Admission::Ticket> Admission::admit(const Address& peer) {
    // Without limits there is no lock either, which a fork while another thread holds it would leave closed in the child.
    if (limits_.total == ConnectionLimits::unlimited && limits_.per_peer == ConnectionLimits::unlimited)
        return Ticket();
    std::string host;
    if (limits_.per_peer != ConnectionLimits::unlimited && !peer.is_loopback()) host = peer.host();
    std::lock_guard lock(mutex_);
    if (live_ >= limits_.total) {
        if (!std::exchange(said_total_, true))
            say("the limit of " + std::to_string(limits_.total) +
                " connections is reached: more are refused (--max-conn N or --no-limits changes that)");
        return std::nullopt;
    }
    if (!host.empty()) {
        auto& count = by_peer_[host];
        if (count >= limits_.per_peer) {
            if (!std::exchange(said_peer_, true))
                say("the limit of " + std::to_string(limits_.per_peer) + " connections of one peer is reached by " +
                    host + ": more are refused (--no-limits changes that)");
            return std::nullopt;
        }
        ++count;
    }
    ++live_;
    return Ticket(*this, std::move(host));
}

void Admission::give_back(const std::string& peer) noexcept {
    std::lock_guard lock(mutex_);
    --live_;
    if (peer.empty()) return;
    auto found = by_peer_.find(peer);
    if (found != by_peer_.end() && --found->second == 0) by_peer_.erase(found);
}

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#include "engine/sim/listener.h"

#include "engine/sim/stream.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace bight::engine::sim {
namespace {

constexpr int most_backlog = 4096;  // net.core.somaxconn

}  // namespace

Listener::Listener(SimEngine& engine, Host& host, const Address& where, const ListenOptions& options) noexcept
    : SimChannel(engine),
      host_(host),
      where_(where),
      backlog_(static_cast<std::size_t>(std::clamp(options.backlog, 0, most_backlog))),
      reuse_port_(options.reuse_port),
      dualstack_(options.dualstack) {}

bool Listener::hears(const Address& address) const noexcept {
    if (where_.family() == Family::unix_domain || address.family() == Family::unix_domain) return where_ == address;
    if (where_.port() != address.port()) return false;
    bool same_family = where_.family() == address.family();
    if (where_.is_any() || address.is_any()) return same_family || dualstack_;
    return same_family && where_.host() == address.host();
}

Listener* Listener::at(Host& host, const Address& address, Random& random) noexcept {
    // The one that was bound to the very address comes before those of any.
    std::vector<Listener*> found;
    for (bool exact : {true, false}) {
        for (Listener* listener : host.listeners)
            if (listener->hears(address) && listener->where_.is_any() != exact) found.push_back(listener);
        if (!found.empty()) return found[random.below(found.size())];
    }
    return nullptr;
}

Result<ChannelOwner> Listener::open(SimEngine& engine, Host& host, const Address& where,
                                    const ListenOptions& options) noexcept {
    bool has_port = where.family() != Family::unix_domain;
    if (has_port && !host.has(where)) return std::unexpected(Errno(EADDRNOTAVAIL));
    Address address = has_port && where.port() == 0 ? where.with_port(engine.network().pick_port(host)) : where;
    for (Listener* other : host.listeners)
        if (other->hears(address) && !(other->reuse_port_ && options.reuse_port))
            return std::unexpected(Errno(EADDRINUSE));
    auto* listener = new Listener(engine, host, address, options);
    host.listeners.push_back(listener);
    return ChannelOwner(listener);
}

void Listener::queue(std::shared_ptr<Endpoint> connection) {
    queue_.push_back(std::move(connection));
    changed();
}

bool Listener::perform(Operation& operation) {
    if (queue_.empty()) return false;
    if (!engine_.take_place()) {
        operation.finish(-EMFILE);
        return true;
    }
    auto endpoint = std::move(queue_.front());
    queue_.pop_front();
    Address peer = endpoint->peer;
    accepted_ = AcceptedChannel{ChannelOwner(new StreamChannel(engine_, std::move(endpoint))), peer};
    operation.finish(0);
    return true;
}

void Listener::vanish() noexcept {
    queue_.clear();
    where_ = Address();
}

/// Who waits in the queue is reset.
void Listener::close() noexcept {
    std::erase(host_.listeners, this);
    for (auto& endpoint : queue_) endpoint->reject();
    queue_.clear();
}

}  // namespace bight::engine::sim

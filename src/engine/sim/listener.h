// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/sim/channel.h"
#include "engine/sim/endpoint.h"

#include <deque>
#include <memory>

namespace bight::engine::sim {

class Listener final : public SimChannel {
public:
    static Result<ChannelOwner> open(SimEngine& engine, Host& host, const Address& where,
                                     const ListenOptions& options) noexcept;

    /// The one that hears who connects to `address` of `host`; null for none. Of several the seed picks.
    static Listener* at(Host& host, const Address& address, Random& random) noexcept;

    Host& host() noexcept { return host_; }
    int port() const noexcept { return where_.port(); }
    bool has_room() const noexcept { return queue_.size() <= backlog_; }
    void queue(std::shared_ptr<Endpoint> connection);

    /// Hears nothing any more.
    void vanish() noexcept;

    AcceptedChannel take_accepted() override { return std::move(accepted_); }
    bool has_input() const noexcept override { return !queue_.empty(); }
    Result<Address> local() const noexcept override { return where_; }

protected:
    bool perform(Operation& operation) override;
    bool has_chance(const Operation&) const noexcept override { return !queue_.empty(); }
    void give_up() noexcept override { accepted_ = {}; }
    void close() noexcept override;

private:
    Listener(SimEngine& engine, Host& host, const Address& where, const ListenOptions& options) noexcept;

    bool hears(const Address& address) const noexcept;

    Host& host_;
    Address where_;
    std::size_t backlog_;
    bool reuse_port_;
    bool dualstack_;
    std::deque<std::shared_ptr<Endpoint>> queue_;
    AcceptedChannel accepted_;
};

}  // namespace bight::engine::sim

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/sim/channel.h"
#include "engine/sim/endpoint.h"

#include <memory>

namespace bight::engine::sim {

/// A socket of a stream.
class StreamChannel final : public SimChannel {
public:
    StreamChannel(SimEngine& engine, std::shared_ptr<Endpoint> endpoint) noexcept;

    /// Two that are connected, of one host, as socketpair(2) makes them. ENFILE … where there are too many.
    struct Pair {
        ChannelOwner a, b;
    };
    static Result<Pair> pair(SimEngine& engine);

    Buffer take(const Operation& operation) override;
    bool at_end() const noexcept override { return eof_ && !has_unread(); }
    bool has_input() const noexcept override { return has_unread() || endpoint_->available() > 0; }
    Result<void> shutdown(int how) noexcept override { return endpoint_->shutdown(how); }
    Result<Address> local() const noexcept override { return endpoint_->local; }
    Result<Address> peer() const noexcept override;

protected:
    bool perform(Operation& operation) override;
    bool has_chance(const Operation& operation) const noexcept override;
    void give_up() noexcept override;
    void close() noexcept override { endpoint_->close(); }

private:
    bool connect(Operation& operation);
    bool connect_unix(const Address& to, Operation& operation);
    bool receive(Operation& operation);
    bool send(Operation& operation);

    std::shared_ptr<Endpoint> endpoint_;
    Buffer received_;
    bool eof_ = false;
};

}  // namespace bight::engine::sim

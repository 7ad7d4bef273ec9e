// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/sim/channel.h"

#include <deque>
#include <memory>
#include <optional>

namespace bight::engine::sim {

/// A port for datagrams: each arrives once, twice or not at all, in any order. Those of a train go some way together, and
/// in their order.
class Datagrams final : public SimChannel {
public:
    static Result<ChannelOwner> open(SimEngine& engine, Host& host, Family family, const Address* local,
                                     const Address* remote, const DatagramOptions& options) noexcept;

    int port() const noexcept { return local_.port(); }

    ReceivedDatagram take_datagram() override { return std::move(received_); }
    bool has_input() const noexcept override { return !inbox_.empty(); }
    Result<Address> local() const noexcept override { return local_; }
    Result<Address> peer() const noexcept override;

protected:
    bool perform(Operation& operation) override;
    bool has_chance(const Operation& operation) const noexcept override;
    void give_up() noexcept override;
    void close() noexcept override;

private:
    Datagrams(SimEngine& engine, Host& host) noexcept : SimChannel(engine), host_(host) {}

    struct Datagram {
        std::vector<std::byte> data;
        Address from;
    };

    using Run = std::vector<std::vector<std::byte>>;

    static Datagrams* at(Host& host, const Address& address) noexcept;
    bool receive(Operation& operation);
    std::size_t train_length(std::size_t most_bytes) const noexcept;
    bool send(Operation& operation, std::size_t segment);
    void post(const Address& to, Bytes datagrams, std::size_t segment);
    void carry(const Address& from, const Address& to, Host& there, Run run);
    void arrived(Run run, const Address& from);
    bool may_reuse(const DatagramOptions& options) const noexcept { return reuse_port_ && options.reuse_port; }

    Host& host_;
    Address local_;
    std::optional<Address> remote_;
    bool reuse_port_ = false;
    bool trains_ = false;
    int error_ = 0;  // of a datagram that nobody was there for
    std::deque<Datagram> inbox_;
    std::size_t inbox_size_ = 0;
    ReceivedDatagram received_;
    std::size_t received_count_ = 0;  // of datagrams in it
};

}  // namespace bight::engine::sim

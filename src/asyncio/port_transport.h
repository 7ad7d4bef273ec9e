// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/datagram.h>
#include <bight/asyncio/protocol.h>
#include <bight/asyncio/task.h>
#include <bight/asyncio/transport.h>
#include <bight/asyncio/wait_list.h>
#include <bight/buffer.h>
#include <bight/engine/operation.h>

#include "asyncio/flow_control.h"
#include "asyncio/transport_wait.h"

#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>

namespace bight::asyncio::detail {

/// The transport of datagrams: converse() is the life of the port; what cannot be sent at once waits in a queue.
class PortTransport final : public DatagramTransport, public std::enable_shared_from_this<PortTransport> {
public:
    PortTransport(engine::ChannelOwner channel, bool is_connected, std::shared_ptr<DatagramProtocol> protocol);

    /// From connection_made() to connection_lost(). Cancelled, it aborts.
    static Task<> converse(std::shared_ptr<PortTransport> transport);
    bool was_made() const noexcept { return was_made_; }
    WaitList& changes() noexcept { return waiting_; }

    void close() override;
    bool is_closing() const noexcept override { return is_closing_; }
    void set_protocol(std::shared_ptr<BaseProtocol> protocol) override;
    std::shared_ptr<BaseProtocol> get_protocol() const noexcept override { return protocol_; }
    Address peer() const noexcept override { return peer_.value_or(Address()); }
    Address local() const noexcept override;
    int fileno() const noexcept override { return channel_ ? channel_->fileno() : -1; }

    void sendto(Bytes data) override { send(data, nullptr); }
    void sendto(Bytes data, const Address& address) override;
    void abort() override { end(nullptr); }
    std::size_t get_write_buffer_size() const noexcept override { return waiting_size_; }
    WriteBufferLimits get_write_buffer_limits() const noexcept override { return flow_.limits(); }
    void set_write_buffer_limits(std::optional<std::size_t> high, std::optional<std::size_t> low) override;

private:
    struct PacketWait;

    struct Sending : engine::Operation {
        Sending(PortTransport& of, engine::Channel& on) noexcept;
        void aim_at(Bytes bytes, const Address* to) noexcept;
        PortTransport* transport;
    };

    struct Waiting {
        Buffer data;
        std::optional<Address> to;
    };

    bool is_over() const noexcept { return is_aborted_ || (is_closing_ && queue_.empty()); }
    void end(std::exception_ptr error) noexcept;
    void changed() noexcept;
    void call_made() noexcept;
    void call_lost() noexcept;
    void deliver(const Packet& packet) noexcept;
    void report_error(int errnum, std::string_view call) noexcept;
    void send(Bytes data, const Address* to);
    void send_front() noexcept;
    void sent() noexcept;

    engine::ChannelOwner channel_;
    std::shared_ptr<DatagramProtocol> protocol_;
    std::optional<Address> peer_;  // where it is connected to
    Sending sending_;
    std::deque<Waiting> queue_;  // the first of them is the engine's while is_sending_
    std::size_t waiting_size_ = 0;
    TransportWait* input_ = nullptr;  // while it waits
    WaitList waiting_;
    FlowControl flow_;
    std::exception_ptr error_;
    bool is_sending_ = false;
    bool was_made_ = false;
    bool is_closing_ = false;
    bool is_aborted_ = false;
};

}  // namespace bight::asyncio::detail

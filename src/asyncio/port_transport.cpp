// SPDX-License-Identifier: BSL-1.0
#include "asyncio/port_transport.h"

#include <bight/asyncio/timeouts.h>
#include <bight/error.h>

#include "asyncio/changes.h"
#include "asyncio/loop_state.h"
#include "asyncio/protocol_access.h"

#include <cerrno>
#include <string>
#include <utility>

namespace bight::asyncio::detail {

struct PortTransport::PacketWait : TransportWait {
    explicit PacketWait(PortTransport& of) noexcept
        : TransportWait(*of.channel_, engine::Verb::receive_from, of.input_), transport(of) {
        size = Datagram::longest;
    }

    void await_resume() {
        if (was_interrupted()) return;
        Packet packet = result < 0 ? Packet() : channel->take_datagram();
        if (transport.is_closing_) return;
        if (result < 0) return transport.report_error(static_cast<int>(-result), "recvfrom");
        transport.deliver(packet);
    }

    PortTransport& transport;
};

// ---- The life of a port. -----------------------------------------------------------------------------------------------

PortTransport::PortTransport(engine::ChannelOwner channel, bool is_connected,
                             std::shared_ptr<DatagramProtocol> protocol)
    : channel_(std::move(channel)), protocol_(std::move(protocol)), sending_(*this, *channel_) {
    if (!is_connected) return;
    if (auto peer = channel_->peer()) peer_ = *peer;
}

Task<> PortTransport::converse(std::shared_ptr<PortTransport> transport) {
    std::exception_ptr cancelled;
    transport->call_made();
    try {
        while (!transport->is_over()) {
            if (!transport->is_closing_) {
                PacketWait packet(*transport);
                co_await packet;
            } else {
                ChangeWait change(transport->waiting_);
                co_await change;
            }
        }
    } catch (const Cancelled&) {
        cancelled = std::current_exception();
        transport->end(nullptr);
    } catch (...) {  // memory has run out
        Loop::running().report(std::current_exception(), "receiving");
        transport->end(std::current_exception());
    }
    transport->channel_.reset();
    while (transport->is_sending_) co_await shield(wait_for_change(&transport->waiting_));
    transport->call_lost();
    if (cancelled) std::rethrow_exception(cancelled);
}

void PortTransport::changed() noexcept {
    if (input_) channel_->cancel(*input_);
    waiting_.wake_all();
}

void PortTransport::call_made() noexcept {
    was_made_ = true;
    auto protocol = protocol_;  // here and below: a hook may put another one in its place
    ProtocolAccess::set_transport<DatagramTransport>(*protocol, shared_from_this());
    try {
        protocol->connection_made(*this);
    } catch (...) {
        Loop::running().report(std::current_exception(), "connection_made");
        end(std::current_exception());
    }
    waiting_.wake_all();
}

void PortTransport::call_lost() noexcept {
    is_closing_ = is_aborted_ = true;
    auto protocol = std::move(protocol_);
    call_connection_lost(*protocol, std::move(error_));
}

void PortTransport::end(std::exception_ptr error) noexcept {
    if (is_aborted_) return;
    is_aborted_ = is_closing_ = true;
    error_ = std::move(error);
    changed();
}

void PortTransport::close() {
    if (is_closing_) return;
    is_closing_ = true;
    changed();
}

void PortTransport::set_protocol(std::shared_ptr<BaseProtocol> protocol) {
    auto other = std::dynamic_pointer_cast<DatagramProtocol>(std::move(protocol));
    if (!other) throw ValueError("set_protocol: a DatagramProtocol is needed");
    if (!protocol_) return;
    ProtocolAccess::set_transport<DatagramTransport>(*protocol_, nullptr);
    protocol_ = std::move(other);
    ProtocolAccess::set_transport<DatagramTransport>(*protocol_, shared_from_this());
}

Address PortTransport::local() const noexcept { return channel_ ? channel_->local().value_or(Address()) : Address(); }

void PortTransport::deliver(const Packet& packet) noexcept {
    auto protocol = protocol_;
    try {
        protocol->datagram_received(packet.data, packet.peer);
    } catch (...) {
        Loop::running().report(std::current_exception(), "datagram_received");
        end(std::current_exception());
    }
}

void PortTransport::report_error(int errnum, std::string_view call) noexcept {
    if (!protocol_) return;
    auto protocol = protocol_;
    try {
        try {
            raise_os_error(errnum, std::string(call));
        } catch (const OSError& error) {
            protocol->error_received(error);
        }
    } catch (...) {
        Loop::running().report(std::current_exception(), "error_received");
        end(std::current_exception());
    }
}

// ---- Sending. ----------------------------------------------------------------------------------------------------------

PortTransport::Sending::Sending(PortTransport& of, engine::Channel& on) noexcept
    : Operation(on, engine::Verb::send_to), transport(&of) {
    run = [](Runnable& runnable) noexcept {
        auto& sending = static_cast<Sending&>(runnable);
        if (sending.proceed()) sending.transport->sent();
    };
}

void PortTransport::Sending::aim_at(Bytes bytes, const Address* to) noexcept {
    data = bytes.data();
    size = bytes.size();
    address = to;
    result = 0;
    state = State::idle;
    cancelled = queued = false;
}

void PortTransport::sendto(Bytes data, const Address& address) {
    if (peer_ && *peer_ != address) throw ValueError("Invalid address: must be none or " + peer_->to_string());
    send(data, peer_ ? nullptr : &address);
}

void PortTransport::send(Bytes data, const Address* to) {
    if (is_aborted_ || (is_closing_ && queue_.empty())) return;
    if (queue_.empty()) {
        sending_.aim_at(data, to);
        if (channel_->attempt(sending_)) {
            if (sending_.result < 0) report_error(static_cast<int>(-sending_.result), "sendto");
            return;
        }
    }
    if (flow_.is_over(waiting_size_)) return report_error(ENOBUFS, "sendto");
    queue_.push_back({Buffer::copy_of(data), to ? std::optional<Address>(*to) : std::nullopt});
    waiting_size_ += data.size();
    if (!is_sending_) send_front();
    flow_.grown(waiting_size_, protocol_);
}

void PortTransport::set_write_buffer_limits(std::optional<std::size_t> high, std::optional<std::size_t> low) {
    flow_.set_limits(high, low);
    flow_.grown(waiting_size_, protocol_);
}

void PortTransport::send_front() noexcept {
    const Waiting& first = queue_.front();
    sending_.aim_at(first.data, first.to ? &*first.to : nullptr);
    is_sending_ = true;
    channel_->start(sending_);
}

/// The kernel has it, or an error.
void PortTransport::sent() noexcept {
    is_sending_ = false;
    waiting_size_ -= queue_.front().data.size();
    queue_.pop_front();
    if (is_aborted_) return waiting_.wake_all();
    if (sending_.result < 0) report_error(static_cast<int>(-sending_.result), "sendto");
    if (is_aborted_) return;  // error_received() may have done that
    if (!queue_.empty() && !is_sending_) send_front();
    flow_.shrunk(waiting_size_, protocol_);
    if (is_closing_ && queue_.empty()) changed();
}

}  // namespace bight::asyncio::detail

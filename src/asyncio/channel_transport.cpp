// SPDX-License-Identifier: BSL-1.0
#include "asyncio/channel_transport.h"

#include <bight/asyncio/stream.h>
#include <bight/asyncio/timeouts.h>
#include <bight/error.h>
#include <bight/socket.h>

#include "asyncio/changes.h"
#include "asyncio/loop_state.h"
#include "asyncio/protocol_access.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace bight::asyncio {

void WriteTransport::writelines(std::span<const Bytes> pieces) {
    std::string joined;
    for (Bytes piece : pieces) joined += piece.view();
    write(joined);
}

namespace detail {
namespace {

std::exception_ptr os_error(int errnum, std::string_view call) noexcept {
    try {
        raise_os_error(errnum, std::string(call));
    } catch (...) {
        return std::current_exception();
    }
}

}  // namespace

/// Input, or for a pipe that is written to its end.
struct ChannelTransport::InputWait : TransportWait {
    explicit InputWait(ChannelTransport& of) noexcept
        : TransportWait(*of.channel_, of.kind_ == Kind::only_written ? engine::Verb::readable : engine::Verb::receive,
                        of.input_),
          transport(of) {
        size = Stream::default_read;
    }

    void await_resume() {
        if (was_interrupted()) return;
        if (transport.kind_ == Kind::only_written) return transport.reader_is_gone();
        if (result < 0) return transport.fail(static_cast<int>(-result), "recv");
        if (result == 0) return transport.wants_input() ? transport.deliver_end() : void();  // it is told again
        Buffer received = channel->take(*this);
        if (transport.wants_input()) return transport.deliver(received);
        if (!transport.is_closing_) channel->append_unread(std::move(received));
    }

    ChannelTransport& transport;
};

// ---- The life of a connection. -----------------------------------------------------------------------------------------

ChannelTransport::ChannelTransport(engine::ChannelOwner channel, std::shared_ptr<StreamProtocol> protocol,
                                   Kind kind) noexcept
    : channel_(std::move(channel)),
      protocol_(std::move(protocol)),
      plain_(dynamic_cast<Protocol*>(protocol_.get())),
      sending_(*this, *channel_),
      kind_(kind) {}

Task<> ChannelTransport::converse(std::shared_ptr<ChannelTransport> transport) {
    std::exception_ptr cancelled;
    transport->call_made();
    try {
        while (!transport->is_over()) {
            if (transport->wants_input()) {
                InputWait input(*transport);
                co_await input;
            } else {
                ChangeWait change(transport->waiting_);
                co_await change;
            }
        }
    } catch (const Cancelled&) {
        cancelled = std::current_exception();
        transport->end(nullptr);
    } catch (...) {  // memory has run out
        transport->fail(std::current_exception(), "receiving");
    }
    engine::ChannelOwner channel = std::move(transport->channel_);
    if (transport->is_aborted_) channel.reset();
    while (transport->is_sending_) co_await shield(wait_for_change(&transport->waiting_));  // the kernel has its bytes
    transport->call_lost();
    if (channel) {
        Stream rest(std::move(channel));
        co_await rest.close();
    }
    if (cancelled) std::rethrow_exception(cancelled);
}

Task<> ChannelTransport::wait_until_made() {
    while (!was_made_) co_await wait_for_change(&waiting_);
}

void ChannelTransport::changed() noexcept {
    if (input_) channel_->cancel(*input_);
    waiting_.wake_all();
}

void ChannelTransport::call_made() noexcept {
    was_made_ = true;
    auto protocol = protocol_;  // here and below: a hook may put another one in its place
    ProtocolAccess::set_transport<Transport>(*protocol, shared_from_this());
    try {
        protocol->connection_made(*this);
    } catch (...) {
        fail(std::current_exception(), "connection_made");
    }
    waiting_.wake_all();
}

void ChannelTransport::call_lost() noexcept {
    is_lost_ = is_closing_ = true;
    plain_ = nullptr;
    auto protocol = std::move(protocol_);
    call_connection_lost(*protocol, std::move(error_));
}

void ChannelTransport::end(std::exception_ptr error) noexcept {
    if (is_aborted_) return;
    is_aborted_ = is_closing_ = is_lost_ = true;
    error_ = std::move(error);
    pending_.clear();
    changed();
}

void ChannelTransport::fail(std::exception_ptr error, std::string_view hook) noexcept {
    Loop::running().report(error, hook);
    end(std::move(error));
}

void ChannelTransport::fail(int errnum, std::string_view call) noexcept { end(os_error(errnum, call)); }

void ChannelTransport::close() {
    if (is_closing_) return;
    is_closing_ = true;
    if (!is_sending_) is_lost_ = true;
    changed();
}

void ChannelTransport::set_protocol(std::shared_ptr<BaseProtocol> protocol) {
    auto other = std::dynamic_pointer_cast<StreamProtocol>(std::move(protocol));
    if (!other) throw ValueError("set_protocol: a Protocol or a BufferedProtocol is needed");
    if (!protocol_) return;  // the connection is lost
    ProtocolAccess::set_transport<Transport>(*protocol_, nullptr);
    protocol_ = std::move(other);
    plain_ = dynamic_cast<Protocol*>(protocol_.get());
    ProtocolAccess::set_transport<Transport>(*protocol_, shared_from_this());
}

Address ChannelTransport::peer() const noexcept { return channel_ ? channel_->peer().value_or(Address()) : Address(); }

Address ChannelTransport::local() const noexcept {
    return channel_ ? channel_->local().value_or(Address()) : Address();
}

// ---- Reading. ----------------------------------------------------------------------------------------------------------

void ChannelTransport::pause_reading() {
    if (is_closing_ || is_paused_) return;
    is_paused_ = true;
    changed();
}

void ChannelTransport::resume_reading() {
    if (is_closing_ || !is_paused_) return;
    is_paused_ = false;
    changed();
}

void ChannelTransport::deliver(Bytes data) noexcept {
    auto protocol = protocol_;
    try {
        if (plain_) return plain_->data_received(data);
        Bytes rest = deliver_to(static_cast<BufferedProtocol&>(*protocol), data);
        if (!rest.empty() && !is_closing_) channel_->append_unread(Buffer::copy_of(rest));
    } catch (...) {
        fail(std::current_exception(), "data_received");
    }
}

/// Returns what it does not want to hear now, or is another protocol's to hear.
Bytes ChannelTransport::deliver_to(BufferedProtocol& protocol, Bytes data) {
    while (!data.empty() && wants_input() && protocol_.get() == &protocol) {
        MutableBytes room = protocol.get_buffer(data.size());
        if (room.empty()) throw RuntimeError("get_buffer() returned an empty buffer");
        Bytes part = data.slice(0, std::min(room.size(), data.size()));
        std::memcpy(room.data(), part.data(), part.size());
        protocol.buffer_updated(part.size());
        data = data.slice(part.size());
    }
    return data;
}

void ChannelTransport::deliver_end() noexcept {
    has_input_ended_ = true;
    auto protocol = protocol_;
    try {
        if (protocol->eof_received() && kind_ == Kind::both_ways) return;
    } catch (...) {
        return fail(std::current_exception(), "eof_received");
    }
    close();
}

void ChannelTransport::reader_is_gone() noexcept {
    has_input_ended_ = true;
    if (get_write_buffer_size() > 0) return fail(EPIPE, "write");
    end(nullptr);
}

// ---- Writing. ----------------------------------------------------------------------------------------------------------

ChannelTransport::Sending::Sending(ChannelTransport& of, engine::Channel& on) noexcept
    : Operation(on, engine::Verb::send), transport(&of) {
    run = [](Runnable& runnable) noexcept {
        auto& sending = static_cast<Sending&>(runnable);
        if (sending.proceed()) sending.transport->sent();
    };
}

void ChannelTransport::Sending::aim_at(Bytes bytes) noexcept {
    data = bytes.data();
    size = bytes.size();
    transferred = 0;
    result = 0;
    state = State::idle;
    cancelled = queued = false;
}

void ChannelTransport::write(Bytes data) {
    if (is_eof_written_) throw RuntimeError("Cannot call write() after write_eof()");
    if (is_lost_ || data.empty()) return;
    if (!is_sending_) {
        sending_.aim_at(data);
        if (channel_->attempt(sending_)) {
            if (sending_.result < 0) fail(static_cast<int>(-sending_.result), "send");
            return;
        }
        data = data.slice(sending_.transferred);
    }
    if (flow_.is_over(get_write_buffer_size())) return fail(ENOBUFS, "write");
    pending_ += data.view();
    if (!is_sending_) send_pending();
    flow_.grown(get_write_buffer_size(), protocol_);
}

std::size_t ChannelTransport::get_write_buffer_size() const noexcept {
    return pending_.size() + (is_sending_ ? in_flight_.size() - sending_.transferred : 0);
}

void ChannelTransport::set_write_buffer_limits(std::optional<std::size_t> high, std::optional<std::size_t> low) {
    flow_.set_limits(high, low);
    flow_.grown(get_write_buffer_size(), protocol_);
}

void ChannelTransport::send_pending() noexcept {
    in_flight_.swap(pending_);
    sending_.aim_at(in_flight_);
    is_sending_ = true;
    channel_->start(sending_);
}

/// The kernel has all of it, or an error.
void ChannelTransport::sent() noexcept {
    is_sending_ = false;
    empty(in_flight_);
    if (is_aborted_) return waiting_.wake_all();
    if (sending_.result < 0) return fail(static_cast<int>(-sending_.result), "send");
    if (!pending_.empty()) send_pending();
    flow_.shrunk(get_write_buffer_size(), protocol_);
    if (is_sending_ || is_aborted_) return;  // resume_writing() may have done either
    if (is_eof_written_) shut_down_writing();
    if (is_closing_) changed();
}

void ChannelTransport::write_eof() {
    if (is_closing_ || is_eof_written_) return;
    is_eof_written_ = true;
    if (!is_sending_) shut_down_writing();
}

/// What is small keeps its memory: who writes a little again and again allocates nothing.
void ChannelTransport::empty(std::string& text) noexcept {
    constexpr std::size_t worth_keeping = 4096;
    text.clear();
    if (text.capacity() > worth_keeping) text = std::string();
}

void ChannelTransport::shut_down_writing() noexcept {
    if (std::exchange(is_shut_down_, true)) return;
    if (kind_ == Kind::only_written) return close();
    if (auto done = channel_->shutdown(SHUT_WR); !done) fail(done.error().number(), "shutdown");
}

}  // namespace detail
}  // namespace bight::asyncio

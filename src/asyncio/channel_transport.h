// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/protocol.h>
#include <bight/asyncio/task.h>
#include <bight/asyncio/transport.h>
#include <bight/asyncio/wait_list.h>
#include <bight/engine/operation.h>

#include "asyncio/flow_control.h"
#include "asyncio/transport_wait.h"

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace bight::asyncio::detail {

/// The transport of a byte stream: a socket, or one end of a pipe. Reading is a coroutine, converse(), which is the life of
/// the connection; writing is done where it is asked for, and what is left over goes out behind it.
class ChannelTransport final : public Transport, public std::enable_shared_from_this<ChannelTransport> {
public:
    enum class Kind : std::uint8_t {
        both_ways,
        only_read,
        only_written,
        only_written_untold,  // a terminal: it does not tell that nobody reads
    };

    ChannelTransport(engine::ChannelOwner channel, std::shared_ptr<StreamProtocol> protocol, Kind kind) noexcept;

    /// From connection_made() to connection_lost(). Cancelled, it aborts the connection.
    static Task<> converse(std::shared_ptr<ChannelTransport> transport);

    /// Whether connection_made() was called, by converse(), which somebody else runs; and who hears of that.
    bool was_made() const noexcept { return was_made_; }
    WaitList& changes() noexcept { return waiting_; }

    /// The same, to wait for.
    Task<> wait_until_made();

    void close() override;
    bool is_closing() const noexcept override { return is_closing_; }
    void set_protocol(std::shared_ptr<BaseProtocol> protocol) override;
    std::shared_ptr<BaseProtocol> get_protocol() const noexcept override { return protocol_; }
    Address peer() const noexcept override;
    Address local() const noexcept override;
    int fileno() const noexcept override { return channel_ ? channel_->fileno() : -1; }

    bool is_reading() const noexcept override { return !is_closing_ && !is_paused_; }
    void pause_reading() override;
    void resume_reading() override;

    void write(Bytes data) override;
    void write_eof() override;
    bool can_write_eof() const noexcept override { return true; }
    void abort() override { end(nullptr); }
    std::size_t get_write_buffer_size() const noexcept override;
    WriteBufferLimits get_write_buffer_limits() const noexcept override { return flow_.limits(); }
    void set_write_buffer_limits(std::optional<std::size_t> high, std::optional<std::size_t> low) override;

private:
    struct InputWait;

    /// What is on its way to the kernel, all of in_flight_.
    struct Sending : engine::Operation {
        Sending(ChannelTransport& of, engine::Channel& on) noexcept;
        void aim_at(Bytes bytes) noexcept;
        ChannelTransport* transport;
    };

    bool wants_input() const noexcept {
        return !is_closing_ && !is_paused_ && !has_input_ended_ && kind_ != Kind::only_written_untold;
    }
    bool is_over() const noexcept { return is_aborted_ || (is_closing_ && !is_sending_); }

    /// Ends it now: nothing more is delivered or sent.
    void end(std::exception_ptr error) noexcept;

    /// As end(), for what a hook has raised, which is told, and for an error of the network, which only
    /// connection_lost() hears of.
    void fail(std::exception_ptr error, std::string_view hook) noexcept;
    void fail(int errnum, std::string_view call) noexcept;

    void changed() noexcept;
    void call_made() noexcept;
    void call_lost() noexcept;
    void deliver(Bytes data) noexcept;
    Bytes deliver_to(BufferedProtocol& protocol, Bytes data);
    void deliver_end() noexcept;
    void reader_is_gone() noexcept;

    void send_pending() noexcept;
    void sent() noexcept;
    void shut_down_writing() noexcept;
    static void empty(std::string& text) noexcept;

    engine::ChannelOwner channel_;
    std::shared_ptr<StreamProtocol> protocol_;
    Protocol* plain_ = nullptr;  // the same, if it is one
    Sending sending_;
    std::string in_flight_;
    std::string pending_;
    TransportWait* input_ = nullptr;  // while it waits
    WaitList waiting_;                // for a change
    FlowControl flow_;
    std::exception_ptr error_;
    const Kind kind_;
    bool is_sending_ = false;  // sending_ is the engine's
    bool was_made_ = false;
    bool is_paused_ = false;
    bool is_closing_ = false;
    bool is_aborted_ = false;
    bool is_lost_ = false;  // what is written goes nowhere
    bool has_input_ended_ = false;
    bool is_eof_written_ = false;
    bool is_shut_down_ = false;
};

}  // namespace bight::asyncio::detail

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "admission.h"
#include "characters.h"
#include "conversation.h"
#include "message_pace.h"
#include "serve_context.h"
#include "waiter.h"

#include <bight/buffer.h>
#include <bight/proxy_protocol.h>
#include <bight/socket.h>

#include <chrono>
#include <cstddef>
#include <optional>

namespace bight::tool {

/// One client of an event loop, without waiting: reads, answers, and keeps what the client does not take yet.
///
/// While it keeps anything it reads no more, so that a client that never reads costs no more than one answer.
class Connection final : public Source {
public:
    using Clock = std::chrono::steady_clock;

    /// `scratch` is the loop's memory for what is read; every connection uses the same.
    Connection(Socket socket, const Address& peer, Admission::Ticket ticket, ServeContext& context,
               MutableBytes scratch);

    int fileno() const noexcept override { return socket_.fileno(); }
    bool on_ready(Ready ready) override;

    /// What to wait for: room for what is kept, or else more to read; of an endless service both.
    Ready wants() const noexcept;

    /// When it has to have ended, or to have sent its header or message; unset for most of its life.
    std::optional<Clock::time_point> deadline() const noexcept;

    /// What to say of the client that is past its deadline; null where it was not for the client to meet.
    const char* complaint() const noexcept;

    const Address& peer() const noexcept { return peer_; }
    Clock::time_point last_active() const noexcept { return last_active_; }

private:
    bool proceed(Ready ready);
    bool read_header();
    void greet();
    bool go_on(Ready ready);
    bool read_and_answer();
    bool send_kept();
    bool send(Bytes answer);  // all of it, or keeps the rest

    Socket socket_;
    Address peer_;  // or the client for whom a proxy speaks
    std::optional<Admission::Ticket> ticket_;
    ServeContext& context_;
    MutableBytes scratch_;
    Conversation conversation_;
    MessagePace pace_;
    Characters characters_;
    std::optional<proxy_protocol::Parser> header_;  // while it is read
    std::optional<Clock::time_point> deadline_;     // of the header, or of the farewell
    Buffer kept_;                                   // what the client has not taken
    std::size_t start_ = 0;                         // of what is left of it
    bool ended_ = false;                            // the client has finished sending
    Clock::time_point last_active_ = Clock::now();
};

}  // namespace bight::tool

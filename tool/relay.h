// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "stop_signals.h"

#include <bight/address.h>
#include <bight/error.h>
#include <bight/socket.h>
#include <bight/time.h>

#include <cstddef>
#include <optional>
#include <string>

namespace bight::tool {

/// The network's side of a relay. Never waits: EAGAIN where it would.
class Wire {
public:
    struct Received {
        std::size_t size;
        bool ended;  // nothing will follow
    };

    virtual ~Wire() = default;
    virtual int fileno() const noexcept = 0;
    virtual Result<Received> receive(MutableBytes memory) = 0;
    virtual Result<std::size_t> send(Bytes data) = 0;

    /// Whether there is somebody to send to.
    virtual bool can_send() const { return true; }

    /// Forgets the peer that could not be sent to, if somebody else may take its place; whether that is so.
    virtual bool forget_peer() { return false; }

    /// Tells the peer that nothing will follow, if there is a way to say so.
    virtual void finish() {}

    /// "127.0.0.1:80", for messages.
    virtual std::string peer() const = 0;
};

/// A connection. `peer` is told, not asked: after a reset the kernel has forgotten it.
class StreamWire final : public Wire {
public:
    StreamWire(Socket socket, std::string peer);
    int fileno() const noexcept override { return socket_.fileno(); }
    Result<Received> receive(MutableBytes memory) override;
    Result<std::size_t> send(Bytes data) override { return socket_.try_send(data); }
    void finish() override;
    std::string peer() const override { return peer_; }

private:
    Socket socket_;
    std::string peer_;
};

/// A socket for datagrams.
class DatagramWire final : public Wire {
public:
    enum class Answers {
        connected,  // to the peer, and hears nobody else
        to_one,     // sends to the peer, and hears everybody
        to_last,    // answers whoever wrote last
    };

    explicit DatagramWire(Socket socket, Answers answers = Answers::to_last, const std::optional<Address>& peer = {});
    int fileno() const noexcept override { return socket_.fileno(); }
    Result<Received> receive(MutableBytes memory) override;
    Result<std::size_t> send(Bytes data) override;
    bool can_send() const override { return peer_.has_value(); }
    bool forget_peer() override;
    std::string peer() const override { return peer_ ? peer_->to_string() : "nobody"; }

private:
    Socket socket_;
    Answers answers_;
    std::optional<Address> peer_;
};

struct RelayOptions {
    Timeout silence{};              // both ways, for this long
    Timeout silence_after_input{};  // the same, once standard input has ended
    bool silence_is_end = false;    // an ordinary one; otherwise it is a time-out
};

/// Standard input to `wire` and `wire` to standard output, until both have ended. At the end of the input the wire is
/// finished; at the wire's end the input goes on, unless it is a terminal. Holds at most 64 KiB each way.
///
/// Returns the exit code; raises OSError for a connection that failed, once all that came before is written out.
int relay(Wire& wire, StopSignals& signals, const RelayOptions& options);

}  // namespace bight::tool

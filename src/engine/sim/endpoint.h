// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/sim/network.h"

#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace bight::engine::sim {

class StreamChannel;

/// One end of a connection, as a kernel keeps it: it may outlive its channel, until all it has to send has arrived.
class Endpoint : public std::enable_shared_from_this<Endpoint> {
public:
    Endpoint(Network& network, Host& host, Family family) noexcept;
    ~Endpoint();
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;

    Host& host() noexcept { return host_; }
    std::shared_ptr<Endpoint> other() const noexcept { return other_.lock(); }
    bool is_connected() const noexcept { return state_ == State::connected; }
    void set_channel(StreamChannel* channel) noexcept { channel_ = channel; }

    // ---- Connecting. -------------------------------------------------------------------------------------------------

    /// Begins: the outcome is connected() once it is known.
    void connect(const Address& to);
    bool is_fresh() const noexcept { return state_ == State::fresh; }
    std::optional<int> connected() const noexcept { return connect_result_; }

    /// The end of a listener's side, for who connects from `client`. Its first word is that it has accepted.
    static std::shared_ptr<Endpoint> answer(const std::shared_ptr<Endpoint>& client, Host& host, const Address& local);

    /// Both at once, where no packets are sent: Unix sockets.
    static void join(const std::shared_ptr<Endpoint>& a, const std::shared_ptr<Endpoint>& b) noexcept;

    // ---- Bytes. ------------------------------------------------------------------------------------------------------

    std::size_t room() const noexcept;
    void send(Bytes data);
    std::size_t available() const noexcept { return inbox_.size() - inbox_read_; }
    void receive(MutableBytes into) noexcept;

    bool is_at_end() const noexcept { return has_end_ || is_over(); }
    bool may_send() const noexcept { return state_ == State::connected && !has_sent_end_; }
    int take_error() noexcept { return std::exchange(error_, 0); }
    int error() const noexcept { return error_; }
    bool has_end() const noexcept { return has_end_; }

    Result<void> shutdown(int how);

    /// By the program: what is unread resets the connection.
    void close();

    /// By the kernel: nobody has accepted it.
    void reject();

    // ---- Ends that others make. --------------------------------------------------------------------------------------

    void was_reset();
    void fail(int errnum);

    /// As if it had never been: the other end hears nothing.
    void vanish();

    Address local, peer;

private:
    enum class State : std::uint8_t { fresh, connecting, connected, over };

    struct Segment {
        enum class Kind : std::uint8_t { accepted, data, end, reset };
        Kind kind;
        std::vector<std::byte> data;
    };

    bool is_over() const noexcept { return state_ == State::over; }
    void knock(unsigned attempt, const Address& to);
    void settle(int errnum);
    void transmit(Segment segment);
    void arrive(Duration pause);
    void deliver(Segment segment);
    void refuse_data();
    void give_room(std::size_t size);
    void lose_flight() noexcept;
    void tell() noexcept;

    Network& network_;
    Host& host_;
    Host* peer_host_ = nullptr;
    Family family_;
    StreamChannel* channel_ = nullptr;
    std::weak_ptr<Endpoint> other_;
    State state_ = State::fresh;
    std::optional<int> connect_result_;
    int error_ = 0;
    bool has_end_ = false;  // the other has finished, and all before it is in the inbox
    bool has_sent_end_ = false;
    bool reads_no_more_ = false;
    bool is_closed_ = false;
    std::vector<std::byte> inbox_;
    std::size_t inbox_read_ = 0;
    std::deque<Segment> flight_;  // sent, and not there yet
    std::size_t used_ = 0;        // bytes sent that the other has not read
    TimePoint last_arrival_{};
    std::optional<TimePoint> unheard_since_;
};

}  // namespace bight::engine::sim

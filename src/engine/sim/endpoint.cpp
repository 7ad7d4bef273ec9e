// SPDX-License-Identifier: BSL-1.0
#include "engine/sim/endpoint.h"

#include <bight/socket.h>

#include "engine/sim/listener.h"
#include "engine/sim/stream.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace bight::engine::sim {
namespace {

using namespace std::chrono_literals;

// tcp(7): tcp_syn_retries is 6, and tcp_retries2 makes about a quarter of an hour.
constexpr unsigned knocks = 7;
constexpr Duration first_knock = 1s;
constexpr Duration first_pause = 200ms;
constexpr Duration longest_pause = 120s;
constexpr Duration patience = 924s;
constexpr Duration until_unreachable = 3s;  // what a host needs to see that nobody has an address

constexpr std::size_t segment_overhead = 40;
constexpr std::size_t full_segment = 1460;

}  // namespace

Endpoint::Endpoint(Network& network, Host& host, Family family) noexcept
    : network_(network), host_(host), family_(family) {}

Endpoint::~Endpoint() {
    network_.totals.bytes_lost += available();
    network_.totals.bytes_held -= available();
    lose_flight();
}

void Endpoint::tell() noexcept {
    if (channel_) channel_->changed();
}

// ---- Connecting. -------------------------------------------------------------------------------------------------------

void Endpoint::settle(int errnum) {
    if (connect_result_) return;
    connect_result_ = errnum;
    state_ = errnum == 0 ? State::connected : State::over;
    tell();
}

void Endpoint::connect(const Address& to) {
    state_ = State::connecting;
    auto source = network_.source(host_, to);
    if (!source) return settle(source.error().number());
    if (local.family() == Family::unspecified || local.is_any()) {
        int port = local.family() == Family::unspecified || local.port() == 0 ? network_.pick_port(host_)
                                                                              : local.port();
        local = source->with_port(port);
    }
    peer = to.is_any() ? source->with_port(to.port()) : to;
    peer_host_ = network_.owner(peer, host_);
    if (!peer_host_) {
        return network_.at(network_.now() + until_unreachable, [weak = weak_from_this()] {
            if (auto self = weak.lock()) self->settle(EHOSTUNREACH);
        });
    }
    knock(0, peer);
}

void Endpoint::knock(unsigned attempt, const Address& to) {
    auto arrives = network_.arrival(host_, *peer_host_, segment_overhead);
    network_.at(arrives, [weak = weak_from_this(), attempt, to] {
        auto self = weak.lock();
        if (!self || self->is_closed_ || self->connect_result_) return;
        Network& network = self->network_;
        Listener* listener = nullptr;
        if (network.passes(self->host_, *self->peer_host_)) {
            listener = Listener::at(*self->peer_host_, to, network.random);
            if (!listener)
                return network.at(network.arrival(*self->peer_host_, self->host_, segment_overhead), [weak] {
                    if (auto refused = weak.lock()) refused->settle(ECONNREFUSED);
                });
            if (listener->has_room()) return listener->queue(answer(self, *self->peer_host_, to));
        }
        if (attempt + 1 == knocks) return self->settle(ETIMEDOUT);
        Duration pause = first_knock * (1 << attempt);
        network.at(network.now() + pause, [weak, attempt, to] {
            if (auto again = weak.lock(); again && !again->is_closed_) again->knock(attempt + 1, to);
        });
    });
}

std::shared_ptr<Endpoint> Endpoint::answer(const std::shared_ptr<Endpoint>& client, Host& host, const Address& local) {
    auto endpoint = std::make_shared<Endpoint>(client->network_, host, client->family_);
    endpoint->local = local;
    endpoint->peer = client->local;
    endpoint->peer_host_ = &client->host_;
    endpoint->other_ = client;
    endpoint->state_ = State::connected;
    host.remember(endpoint);
    endpoint->transmit({Segment::Kind::accepted, {}});
    return endpoint;
}

void Endpoint::join(const std::shared_ptr<Endpoint>& a, const std::shared_ptr<Endpoint>& b) noexcept {
    for (auto [one, two] : {std::pair(a.get(), b), std::pair(b.get(), a)}) {
        one->other_ = two;
        one->peer_host_ = &two->host_;
        one->peer = two->local;
        one->connect_result_ = 0;
        one->state_ = State::connected;
    }
}

// ---- Sending. ----------------------------------------------------------------------------------------------------------

std::size_t Endpoint::room() const noexcept {
    std::size_t all = network_.habits.stream_buffer;
    std::size_t free = used_ < all ? all - used_ : 0;
    return free >= std::min(full_segment, all / 2) ? free : 0;  // a window that is silly is none: RFC 9293, 3.8.6
}

void Endpoint::send(Bytes data) {
    used_ += data.size();
    auto& totals = network_.totals;
    totals.bytes_written += data.size();
    totals.bytes_held += data.size();
    totals.most_bytes_held = std::max(totals.most_bytes_held, totals.bytes_held);
    transmit({Segment::Kind::data, {data.begin(), data.end()}});
}

void Endpoint::transmit(Segment segment) {
    TimePoint arrives = network_.arrival(host_, *peer_host_, segment.data.size() + segment_overhead);
    last_arrival_ = std::max(last_arrival_, arrives);  // a stream keeps its order
    flight_.push_back(std::move(segment));
    network_.at(last_arrival_, [self = shared_from_this()] { self->arrive(first_pause); });
}

/// The first thing in flight has arrived, or must be sent again.
void Endpoint::arrive(Duration pause) {
    if (flight_.empty()) return;
    if (!network_.passes(host_, *peer_host_)) {
        TimePoint now = network_.now();
        if (!unheard_since_) unheard_since_ = now;
        if (now - *unheard_since_ > patience) return fail(ETIMEDOUT);
        Duration next = std::min(pause * 2, longest_pause);
        return network_.at(now + pause, [self = shared_from_this(), next] { self->arrive(next); });
    }
    unheard_since_.reset();
    Segment segment = std::move(flight_.front());
    flight_.pop_front();
    deliver(std::move(segment));
}

void Endpoint::deliver(Segment segment) {
    auto receiver = other_.lock();
    bool hears = receiver && !receiver->is_closed_ && !receiver->is_over();
    switch (segment.kind) {
        case Segment::Kind::accepted:
            if (!hears) return refuse_data();
            receiver->other_ = weak_from_this();
            receiver->settle(0);
            receiver->host_.remember(receiver);
            break;
        case Segment::Kind::data:
            if (!hears || receiver->reads_no_more_) {
                network_.totals.bytes_lost += segment.data.size();
                network_.totals.bytes_held -= segment.data.size();
                if (!hears) refuse_data();
                return;
            }
            receiver->inbox_.insert(receiver->inbox_.end(), segment.data.begin(), segment.data.end());
            receiver->tell();
            break;
        case Segment::Kind::end:
            if (!hears) return;
            receiver->has_end_ = true;
            receiver->tell();
            break;
        case Segment::Kind::reset:
            if (hears) receiver->was_reset();
            break;
    }
}

/// Nobody is there for what this has sent: it is told so.
void Endpoint::refuse_data() {
    network_.at(network_.arrival(*peer_host_, host_, segment_overhead), [weak = weak_from_this()] {
        if (auto self = weak.lock()) self->was_reset();
    });
}

void Endpoint::give_room(std::size_t size) {
    used_ -= std::min(size, used_);
    tell();
}

void Endpoint::lose_flight() noexcept {
    for (auto& segment : flight_) {
        network_.totals.bytes_lost += segment.data.size();
        network_.totals.bytes_held -= segment.data.size();
    }
    flight_.clear();
}

// ---- Receiving. --------------------------------------------------------------------------------------------------------

void Endpoint::receive(MutableBytes into) noexcept {
    if (into.empty()) return;
    std::memcpy(into.data(), inbox_.data() + inbox_read_, into.size());
    inbox_read_ += into.size();
    if (inbox_read_ > inbox_.size() / 2) {
        inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(inbox_read_));
        inbox_read_ = 0;
    }
    network_.totals.bytes_read += into.size();
    network_.totals.bytes_held -= into.size();
    auto sender = other_.lock();
    if (!sender) return;
    if (&sender->host_ == &host_) return sender->give_room(into.size());
    network_.at(network_.arrival(host_, sender->host_, segment_overhead), [weak = other_, size = into.size()] {
        if (auto reader = weak.lock()) reader->give_room(size);
    });
}

// ---- Ends. -------------------------------------------------------------------------------------------------------------

Result<void> Endpoint::shutdown(int how) {
    if (state_ != State::connected) return std::unexpected(Errno(ENOTCONN));
    if (how != SHUT_WR) reads_no_more_ = has_end_ = true;
    if (how != SHUT_RD && !has_sent_end_) {
        has_sent_end_ = true;
        transmit({Segment::Kind::end, {}});
    }
    tell();
    return {};
}

void Endpoint::close() {
    channel_ = nullptr;
    is_closed_ = true;
    if (state_ != State::connected) return;
    if (available() > 0) {
        // What was not sent yet is never sent; how much that is, the seed says.
        if (network_.random.chance(0.5)) lose_flight();
        transmit({Segment::Kind::reset, {}});
    } else if (!has_sent_end_) {
        has_sent_end_ = true;
        transmit({Segment::Kind::end, {}});
    }
}

void Endpoint::reject() {
    is_closed_ = true;
    if (is_connected()) transmit({Segment::Kind::reset, {}});
}

void Endpoint::fail(int errnum) {
    if (is_over()) return;
    error_ = errnum;
    state_ = State::over;
    lose_flight();
    tell();
}

// Who has seen the end learns of a reset where it writes, tcp(7).
void Endpoint::was_reset() {
    if (state_ == State::connecting) return settle(ECONNREFUSED);
    fail(has_end_ ? EPIPE : ECONNRESET);
}

void Endpoint::vanish() { fail(ECONNABORTED); }

}  // namespace bight::engine::sim

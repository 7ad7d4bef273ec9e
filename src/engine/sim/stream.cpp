// SPDX-License-Identifier: BSL-1.0
#include "engine/sim/stream.h"

#include "engine/sim/listener.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace bight::engine::sim {
namespace {

constexpr std::size_t most_at_once = std::size_t{64} << 10;

bool fails(Operation& operation, int errnum) noexcept {
    operation.finish(-errnum);
    return true;
}

}  // namespace

StreamChannel::StreamChannel(SimEngine& engine, std::shared_ptr<Endpoint> endpoint) noexcept
    : SimChannel(engine), endpoint_(std::move(endpoint)) {
    endpoint_->set_channel(this);
}

Result<StreamChannel::Pair> StreamChannel::pair(SimEngine& engine) {
    std::shared_ptr<Endpoint> ends[2];
    for (auto& end : ends) {
        end = std::make_shared<Endpoint>(engine.network(), engine.here(), Family::unix_domain);
        end->local = Address::unnamed();
        engine.here().remember(end);
    }
    Endpoint::join(ends[0], ends[1]);
    Pair made;
    for (ChannelOwner* owner : {&made.a, &made.b}) {
        if (!engine.take_place()) return std::unexpected(Errno(EMFILE));
        owner->reset(new StreamChannel(engine, std::move(ends[owner == &made.b])));
    }
    return made;
}

Buffer StreamChannel::take(const Operation& operation) {
    return gives_unread(operation) ? take_unread(operation.size) : std::move(received_);
}

Result<Address> StreamChannel::peer() const noexcept {
    if (!endpoint_->is_connected()) return std::unexpected(Errno(ENOTCONN));
    return endpoint_->peer;
}

bool StreamChannel::has_chance(const Operation& operation) const noexcept {
    switch (operation.verb) {
        case Verb::connect: return endpoint_->is_fresh() || endpoint_->connected();
        case Verb::send: return endpoint_->error() != 0 || !endpoint_->may_send() || endpoint_->room() > 0;
        default:
            return endpoint_->available() > 0 || endpoint_->is_at_end() || endpoint_->is_fresh() ||
                   endpoint_->error() != 0;
    }
}

bool StreamChannel::perform(Operation& operation) {
    switch (operation.verb) {
        case Verb::connect: return connect(operation);
        case Verb::send: return send(operation);
        case Verb::receive:
        case Verb::receive_more:
        case Verb::receive_into: return receive(operation);
        default: return fails(operation, EOPNOTSUPP);
    }
}

bool StreamChannel::connect(Operation& operation) {
    const Address& to = *operation.address;
    if (to.family() == Family::unix_domain) return connect_unix(to, operation);
    if (endpoint_->is_fresh()) endpoint_->connect(to);
    if (!endpoint_->connected()) return false;
    operation.finish(-*endpoint_->connected());
    return true;
}

bool StreamChannel::connect_unix(const Address& to, Operation& operation) {
    if (!endpoint_->is_fresh()) return fails(operation, EISCONN);
    Listener* listener = Listener::at(engine_.here(), to, network().random);
    if (!listener) return fails(operation, to.path().starts_with('\0') ? ECONNREFUSED : ENOENT);
    if (!listener->has_room()) return fails(operation, EAGAIN);
    auto other = std::make_shared<Endpoint>(network(), listener->host(), Family::unix_domain);
    other->local = to;
    if (endpoint_->local.family() == Family::unspecified) endpoint_->local = Address::unnamed();
    Endpoint::join(endpoint_, other);
    listener->host().remember(endpoint_);
    listener->host().remember(other);
    listener->queue(std::move(other));
    operation.finish(0);
    return true;
}

bool StreamChannel::receive(Operation& operation) {
    std::size_t there = std::min(endpoint_->available(), operation.size);
    if (there == 0) {
        if (endpoint_->is_fresh()) return fails(operation, ENOTCONN);
        if (operation.size > 0 && endpoint_->available() == 0) {
            if (int errnum = endpoint_->has_end() ? 0 : endpoint_->take_error()) return fails(operation, errnum);
            if (!endpoint_->is_at_end()) return false;
            eof_ = true;
        }
        operation.finish(0);
        return true;
    }
    std::size_t size = shortened(std::min(there, most_at_once));
    if (operation.verb == Verb::receive_into) {
        endpoint_->receive({operation.memory, size});
    } else {
        received_ = Buffer::with_capacity(size);
        endpoint_->receive(received_.room().first(size));
        received_.resize(size);
    }
    operation.finish(static_cast<std::int64_t>(size));
    return true;
}

bool StreamChannel::send(Operation& operation) {
    if (int errnum = endpoint_->take_error()) return fails(operation, errnum);
    if (!endpoint_->may_send()) return fails(operation, EPIPE);
    Bytes rest = Bytes(operation.data, operation.size).slice(operation.transferred);
    std::size_t size = std::min(endpoint_->room(), rest.size());
    if (size == 0 && !rest.empty()) return false;
    size = shortened(size);
    if (size > 0) endpoint_->send(rest.slice(0, size));
    operation.transferred += size;
    if (operation.transferred < operation.size) return false;
    operation.finish(static_cast<std::int64_t>(operation.size));
    return true;
}

void StreamChannel::give_up() noexcept {
    network().totals.bytes_read -= received_.size();
    network().totals.bytes_lost += received_.size();
    received_ = Buffer();
}

}  // namespace bight::engine::sim

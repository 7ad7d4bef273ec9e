// SPDX-License-Identifier: BSL-1.0
#include "engine/sim/datagrams.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace bight::engine::sim {
namespace {

constexpr std::size_t longest = 65507;  // of UDP over IPv4

bool fails(Operation& operation, int errnum) noexcept {
    operation.finish(-errnum);
    return true;
}

}  // namespace

Result<ChannelOwner> Datagrams::open(SimEngine& engine, Host& host, Family family, const Address* local,
                                     const Address* remote, const DatagramOptions& options) noexcept {
    if (local && family != Family::unix_domain && !host.has(*local)) return std::unexpected(Errno(EADDRNOTAVAIL));
    std::unique_ptr<Datagrams> made(new Datagrams(engine, host));
    made->reuse_port_ = options.reuse_port;
    if (family == Family::unix_domain) {
        made->local_ = local ? *local : Address::unnamed();
    } else {
        made->local_ = local ? *local : Address::ip(family == Family::inet ? "0.0.0.0" : "::", 0);
        if (made->port() == 0) made->local_ = made->local_.with_port(engine.network().pick_port(host));
    }
    if (Datagrams* other = local ? at(host, made->local_) : nullptr; other && !other->may_reuse(options))
        return std::unexpected(Errno(EADDRINUSE));
    if (remote) {
        made->remote_ = *remote;
        if (made->local_.is_any()) {
            auto source = engine.network().source(host, *remote);
            if (!source) return std::unexpected(source.error());
            made->local_ = source->with_port(made->port());
        }
    }
    host.datagrams.push_back(made.get());
    return ChannelOwner(made.release());
}

Datagrams* Datagrams::at(Host& host, const Address& address) noexcept {
    for (Datagrams* each : host.datagrams) {
        if (address.family() == Family::unix_domain
                ? each->local_ == address
                : each->port() == address.port() && each->local_.family() == address.family() &&
                      (each->local_.is_any() || address.is_any() || each->local_.host() == address.host()))
            return each;
    }
    return nullptr;
}

Result<Address> Datagrams::peer() const noexcept {
    if (!remote_) return std::unexpected(Errno(ENOTCONN));
    return *remote_;
}

bool Datagrams::has_chance(const Operation& operation) const noexcept {
    return !reads(operation) || error_ != 0 || !inbox_.empty();
}

bool Datagrams::perform(Operation& operation) {
    switch (operation.verb) {
        case Verb::receive_from:
        case Verb::receive_train: return receive(operation);
        case Verb::send_to: return send(operation, operation.size);
        case Verb::send_train: return send(operation, operation.segment);
        default: return fails(operation, EOPNOTSUPP);
    }
}

bool Datagrams::receive(Operation& operation) {
    if (error_ != 0) return fails(operation, std::exchange(error_, 0));
    if (inbox_.empty()) return false;
    Datagram next = std::move(inbox_.front());
    inbox_.pop_front();
    inbox_size_ -= next.data.size();
    received_.truncated = next.data.size() > operation.size;
    received_.data = Buffer::copy_of(Bytes(next.data).slice(0, operation.size));
    received_.peer = next.from;
    ++network().totals.datagrams_received;
    operation.finish(static_cast<std::int64_t>(received_.data.size()));
    return true;
}

bool Datagrams::send(Operation& operation, std::size_t segment) {
    if (error_ != 0) return fails(operation, std::exchange(error_, 0));
    if (!operation.address && !remote_) return fails(operation, EDESTADDRREQ);
    if (segment > longest) return fails(operation, EMSGSIZE);
    const Address& to = operation.address ? *operation.address : *remote_;
    bool is_unix = to.family() == Family::unix_domain;
    if (is_unix && !at(host_, to)) return fails(operation, ECONNREFUSED);
    if (!is_unix)
        if (auto source = network().source(host_, to); !source) return fails(operation, source.error().number());
    Bytes data(operation.data, operation.size);
    do {
        Bytes one = data.slice(0, segment);
        post(to, {one.begin(), one.end()});
        data = data.slice(one.size());
    } while (!data.empty());
    operation.finish(static_cast<std::int64_t>(operation.size));
    return true;
}

void Datagrams::post(const Address& to, std::vector<std::byte> data) {
    Network& net = network();
    ++net.totals.datagrams_sent;
    bool is_unix = to.family() == Family::unix_domain;
    Host* there = is_unix ? &host_ : net.owner(to, host_);
    if (!there || !net.passes(host_, *there)) {
        ++net.totals.datagrams_lost;
        return;
    }
    Link way = there == &host_ ? Link{} : net.link(host_, *there);
    if (net.random.chance(way.loss)) {
        ++net.totals.datagrams_lost;
        return;
    }
    unsigned copies = net.random.chance(way.duplicate) ? 2 : 1;
    net.totals.datagrams_doubled += copies - 1;
    Address from = local_;
    if (from.is_any()) from = net.source(host_, to).value_or(from).with_port(port());
    for (; copies > 0; --copies) {
        auto arrival = net.arrival(host_, *there, data.size());
        net.at(arrival, [&net, &sender = host_, there, from, to, data] {
            Datagrams* target = net.passes(sender, *there) ? at(*there, to) : nullptr;
            if (target && (!target->remote_ || *target->remote_ == from)) return target->arrived({data, from});
            ++net.totals.datagrams_lost;
            // Who is connected hears of it: udp(7).
            if (Datagrams* back = at(sender, from);
                !target && back && back->remote_ == to && net.passes(*there, sender)) {
                back->error_ = ECONNREFUSED;
                back->changed();
            }
        });
    }
}

void Datagrams::arrived(Datagram datagram) {
    if (inbox_size_ + datagram.data.size() > network().habits.datagram_buffer) {
        ++network().totals.datagrams_lost;
        return;
    }
    inbox_size_ += datagram.data.size();
    inbox_.push_back(std::move(datagram));
    changed();
}

void Datagrams::give_up() noexcept {
    --network().totals.datagrams_received;
    ++network().totals.datagrams_lost;
    received_ = {};
}

void Datagrams::close() noexcept {
    std::erase(host_.datagrams, this);
    network().totals.datagrams_lost += inbox_.size();
}

}  // namespace bight::engine::sim

// SPDX-License-Identifier: BSL-1.0
#include "engine/sim/datagrams.h"

#include "engine/verbs.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace bight::engine::sim {
namespace {

constexpr std::size_t longest = 65507;  // of UDP over IPv4
constexpr std::size_t most_of_a_train = 64;

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
    made->trains_ = options.trains;
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
    bool by_train = trains_ && operation.verb == Verb::receive_train;
    received_count_ = by_train ? shortened(train_length(operation.size)) : 1;
    received_.peer = inbox_.front().from;
    received_.segment = inbox_.front().data.size();
    received_.truncated = received_.segment > operation.size;
    std::vector<std::byte> all;
    for (std::size_t i = 0; i < received_count_; ++i) {
        const auto& data = inbox_.front().data;
        all.insert(all.end(), data.begin(), data.end());
        inbox_size_ -= data.size();
        inbox_.pop_front();
    }
    received_.data = Buffer::copy_of(Bytes(all).slice(0, operation.size));
    network().totals.datagrams_received += received_count_;
    operation.finish(static_cast<std::int64_t>(received_.data.size()));
    return true;
}

/// How many of the datagrams that are there a kernel may put together: of one peer, all of one length but the last, which
/// may be shorter.
std::size_t Datagrams::train_length(std::size_t most_bytes) const noexcept {
    const Datagram& first = inbox_.front();
    std::size_t length = 1, bytes = first.data.size();
    while (length < std::min(inbox_.size(), most_of_a_train)) {
        const Datagram& next = inbox_[length];
        bytes += next.data.size();
        bool is_last = inbox_[length - 1].data.size() < first.data.size();
        bool fits = next.from == first.from && next.data.size() <= first.data.size() && !next.data.empty();
        if (is_last || !fits || bytes > std::min(most_bytes, longest)) break;
        ++length;
    }
    return length;
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
        std::size_t count = segment == 0 ? 1 : (data.size() + segment - 1) / segment;
        count = shortened(std::min({count, most_of_a_train, longest / std::max<std::size_t>(segment, 1)}));
        Bytes together = data.slice(0, count * segment);
        post(to, together, segment);
        data = data.slice(together.size());
    } while (!data.empty());
    operation.finish(static_cast<std::int64_t>(operation.size));
    return true;
}

void Datagrams::post(const Address& to, Bytes datagrams, std::size_t segment) {
    Network& net = network();
    bool is_unix = to.family() == Family::unix_domain;
    Host* there = is_unix ? &host_ : net.owner(to, host_);
    bool passes = there && net.passes(host_, *there);
    Link way = !passes || there == &host_ ? Link{} : net.link(host_, *there);
    Address from = local_;
    if (from.is_any()) from = net.source(host_, to).value_or(from).with_port(port());
    Run run;
    do {
        Bytes one = datagrams.slice(0, segment);
        datagrams = datagrams.slice(one.size());
        ++net.totals.datagrams_sent;
        if (!passes || net.random.chance(way.loss)) {
            ++net.totals.datagrams_lost;
            continue;
        }
        run.emplace_back(one.begin(), one.end());
        if (!net.random.chance(way.duplicate)) continue;
        ++net.totals.datagrams_doubled;
        carry(from, to, *there, {run.back()});
    } while (!datagrams.empty());
    if (!run.empty()) carry(from, to, *there, std::move(run));
}

void Datagrams::carry(const Address& from, const Address& to, Host& there, Run run) {
    Network& net = network();
    std::size_t size = 0;
    for (const auto& each : run) size += each.size();
    auto arrival = net.arrival(host_, there, size);
    net.at(arrival, [&net, &sender = host_, &there, from, to, run = std::move(run)]() mutable {
        Datagrams* target = net.passes(sender, there) ? at(there, to) : nullptr;
        if (target && (!target->remote_ || *target->remote_ == from)) return target->arrived(std::move(run), from);
        net.totals.datagrams_lost += run.size();
        // Who is connected hears of it: udp(7).
        if (Datagrams* back = at(sender, from); !target && back && back->remote_ == to && net.passes(there, sender)) {
            back->error_ = ECONNREFUSED;
            back->changed();
        }
    });
}

void Datagrams::arrived(Run run, const Address& from) {
    std::size_t before = inbox_.size();
    for (auto& data : run) {
        if (inbox_size_ + data.size() > network().habits.datagram_buffer) {
            ++network().totals.datagrams_lost;
            continue;
        }
        inbox_size_ += data.size();
        inbox_.push_back({std::move(data), from});
    }
    if (inbox_.size() > before) changed();
}

void Datagrams::give_up() noexcept {
    network().totals.datagrams_received -= received_count_;
    network().totals.datagrams_lost += received_count_;
    received_ = {};
}

void Datagrams::close() noexcept {
    std::erase(host_.datagrams, this);
    network().totals.datagrams_lost += inbox_.size();
}

}  // namespace bight::engine::sim

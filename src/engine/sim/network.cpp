// SPDX-License-Identifier: BSL-1.0
#include "engine/sim/network.h"

#include "engine/sim/datagrams.h"
#include "engine/sim/endpoint.h"
#include "engine/sim/listener.h"
#include "sys/netdb.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace bight::engine::sim {
namespace {

constexpr std::uint16_t first_port = 32768;
constexpr std::uint16_t last_port = 60999;
constexpr Duration resend = std::chrono::milliseconds(200);  // the least that TCP waits for an answer

Address without_port(const Address& address) noexcept {
    try {
        return address.with_port(0);
    } catch (...) {
        return address;
    }
}

}  // namespace

bool Host::has(const Address& address) const noexcept {
    if (address.is_any() || address.is_loopback()) return true;
    return std::find(addresses.begin(), addresses.end(), without_port(address)) != addresses.end();
}

Network::Network(std::uint64_t seed, TimePoint start, const Habits& how) : habits(how), random(seed), now_(start) {
    add_host("main", {Address::ip("192.0.2.1", 0), Address::ip("2001:db8::1", 0)});
    names_.insert_or_assign("localhost", Resolved{{Address::ip("::1", 0), Address::ip("127.0.0.1", 0)}});
}

Network::~Network() = default;

// ---- Time. -------------------------------------------------------------------------------------------------------------

bool Network::is_later(const Event& a, const Event& b) noexcept {
    if (a.when != b.when) return a.when > b.when;
    return a.order != b.order ? a.order > b.order : a.number > b.number;
}

void Network::advance(Duration by) noexcept { now_ = by < TimePoint::max() - now_ ? now_ + by : TimePoint::max(); }

void Network::advance_to(TimePoint when) noexcept { now_ = std::max(now_, when); }

void Network::at(TimePoint when, std::move_only_function<void()> event) {
    std::uint64_t order = random.next();
    events_.push_back({when, habits.shuffles ? order : 0, ++event_numbers_, std::move(event)});
    std::push_heap(events_.begin(), events_.end(), &is_later);
}

bool Network::run_due() {
    bool any = false;
    while (!events_.empty() && events_.front().when <= now_) {
        std::pop_heap(events_.begin(), events_.end(), &is_later);
        Event event = std::move(events_.back());
        events_.pop_back();
        trace.add(static_cast<std::uint64_t>(event.when.time_since_epoch().count()));
        trace.add(event.number);
        event.act();
        any = true;
    }
    return any;
}

std::optional<TimePoint> Network::next_event() const noexcept {
    if (events_.empty()) return std::nullopt;
    return events_.front().when;
}

// ---- Places. -----------------------------------------------------------------------------------------------------------

Host& Network::add_host(std::string_view name, std::vector<Address> addresses) {
    for (auto& host : hosts_) {
        if (host->name == name) throw ValueError("there is a host of that name already: " + std::string(name));
        for (auto& address : addresses)
            if (host->has(address)) throw ValueError(address.host() + " is " + host->name + "'s already");
    }
    auto host = std::make_unique<Host>();
    host->name = name;
    host->number = static_cast<std::uint32_t>(hosts_.size());
    host->addresses = std::move(addresses);
    host->last_port = static_cast<std::uint16_t>(first_port + random.below(last_port - first_port));
    hosts_.push_back(std::move(host));
    this->name(name, Resolved{hosts_.back()->addresses});
    return *hosts_.back();
}

Host* Network::owner(const Address& address, Host& from) noexcept {
    if (from.has(address)) return &from;
    for (auto& host : hosts_)
        if (host->has(address)) return host.get();
    return nullptr;
}

Result<Address> Network::source(const Host& from, const Address& to) const noexcept {
    if (to.is_any() || to.is_loopback()) return Address::ip(to.family() == Family::inet ? "127.0.0.1" : "::1", 0);
    for (auto& address : from.addresses)
        if (address.family() == to.family()) return address;
    return std::unexpected(Errno(ENETUNREACH));
}

Link& Network::link(const Host& a, const Host& b) {
    return links_.try_emplace(std::minmax(a.number, b.number), defaults).first->second;
}

bool Network::passes(const Host& from, const Host& to) {
    if (&from == &to) return true;
    return !from.is_down && !to.is_down && !link(from, to).is_cut;
}

TimePoint Network::arrival(const Host& from, const Host& to, std::size_t size) {
    if (&from == &to) return now_;
    Link& way = link(from, to);
    TimePoint sent = now_;
    if (way.rate > 0) {
        TimePoint& busy_until = way.busy_until[from.number < to.number ? 0 : 1];
        sent = std::max(now_, busy_until) +
               Duration(static_cast<Duration::rep>(1e9 * static_cast<double>(size) / static_cast<double>(way.rate)));
        busy_until = sent;
    }
    return sent + way.delay + random.up_to(way.jitter) + (random.chance(way.loss) ? resend : Duration::zero());
}

int Network::pick_port(Host& host) noexcept {
    auto is_taken = [&host](int port) {
        auto has_it = [port](auto* channel) { return channel->port() == port; };
        return std::any_of(host.listeners.begin(), host.listeners.end(), has_it) ||
               std::any_of(host.datagrams.begin(), host.datagrams.end(), has_it);
    };
    do {
        host.last_port = host.last_port >= last_port ? first_port : static_cast<std::uint16_t>(host.last_port + 1);
    } while (is_taken(host.last_port));
    return host.last_port;
}

void Network::name(std::string_view host, Resolved answer) {
    names_.insert_or_assign(std::string(host), std::move(answer));
}

Resolved Network::resolve(const HostPort& where) const {
    std::string host = where.host();
    Resolved answer;
    if (host.empty()) {
        answer.addresses = {Address::ip("0.0.0.0", 0), Address::ip("::", 0)};
    } else if (auto found = names_.find(host); found != names_.end()) {
        answer = found->second;
    }
    if (answer.addresses.empty() && answer.error == 0) answer.error = EAI_NONAME;
    for (auto& address : answer.addresses) address = address.with_port(where.port());
    return answer;
}

void Host::remember(const std::shared_ptr<Endpoint>& endpoint) {
    if (endpoints.size() >= look_through_at_) {
        std::erase_if(endpoints, [](const auto& each) { return each.expired(); });
        look_through_at_ = std::max(look_through_at_, endpoints.size() * 2);
    }
    endpoints.push_back(endpoint);
}

// ---- Disasters. --------------------------------------------------------------------------------------------------------

void Network::crash(Host& host) {
    trace.add(host.number);
    auto endpoints = std::exchange(host.endpoints, {});
    for (auto& each : endpoints)
        if (auto endpoint = each.lock()) endpoint->vanish();
    for (Listener* listener : host.listeners) listener->vanish();
}

std::size_t Network::reset(const Host& a, const Host& b) {
    std::size_t count = 0;
    auto endpoints = a.endpoints;
    for (auto& each : endpoints) {
        auto endpoint = each.lock();
        auto other = endpoint ? endpoint->other() : nullptr;
        if (!other || &other->host() != &b || !endpoint->is_connected()) continue;
        endpoint->was_reset();
        other->was_reset();
        ++count;
    }
    return count;
}

}  // namespace bight::engine::sim

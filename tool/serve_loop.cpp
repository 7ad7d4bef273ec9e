// SPDX-License-Identifier: BSL-1.0
#include "serve_connection.h"
#include "serve_styles.h"
#include "talk.h"
#include "waiter.h"

#include <bight/error.h>
#include <bight/socket.h>
#include <bight/socketserver/proxies.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace bight::tool {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using inherited::Role;

class LoopServer;

/// A listening socket.
class Listener final : public Source {
public:
    Listener(Socket socket, LoopServer& loop) : socket_(std::move(socket)), loop_(loop) {}
    int fileno() const noexcept override { return socket_.fileno(); }
    bool on_ready(Ready) override {
        accept_some(16);
        return true;
    }

    /// Takes at most `most` of the connections that wait.
    void accept_some(int most);

    Socket& socket() noexcept { return socket_; }

private:
    Socket socket_;
    LoopServer& loop_;
};

/// A bound socket for datagrams.
class DatagramPort final : public Source {
public:
    DatagramPort(Socket socket, ServeContext& context, MutableBytes scratch)
        : socket_(std::move(socket)), context_(context), scratch_(scratch) {}
    int fileno() const noexcept override { return socket_.fileno(); }
    bool on_ready(Ready) override {
        for (int i = 0; i < 64 && answer_one(); ++i) {}
        return true;
    }

    Socket& socket() noexcept { return socket_; }

private:
    bool answer_one();

    Socket socket_;
    ServeContext& context_;
    MutableBytes scratch_;
};

/// The signals that ask for the end.
class SignalSource final : public Source {
public:
    SignalSource(StopSignals& signals, LoopServer& loop) : signals_(signals), loop_(loop) {}
    int fileno() const noexcept override { return signals_.fileno(); }
    bool on_ready(Ready) override;

private:
    StopSignals& signals_;
    LoopServer& loop_;
};

/// Every endpoint and every client in one thread.
class LoopServer final : public StyleServer {
public:
    LoopServer(std::unique_ptr<Waiter> waiter, std::vector<ServerSocket>& sockets, ServeContext& context);

    ServeEnd run(StopSignals& signals, Duration drain) override;

    /// False while no further connection can be had.
    bool accepting() const noexcept { return room_ && !accept_at_ && !context_.is_handed_over(); }

    void welcome(Socket socket, const Address& peer);

    /// Descriptors or memory have run out: accepts nothing for a tenth of a second.
    void pause_accepting(Errno reason);

    void stop(int signal);

private:
    /// Those that were active last stand last.
    using Clients = std::list<Connection>;
    using Deadlines = std::multimap<Clock::time_point, Connection*>;
    struct Place {
        Clients::iterator position;
        std::optional<Deadlines::iterator> noted;
    };

    void dispatch(const Waiter::Event& event);
    void end(Clients::iterator client);
    void note_deadline(Place& place);
    void end_late();
    void end_idle();
    void watch_listeners();
    void begin_drain();
    bool nobody_comes() const noexcept { return drain_until_ || (listeners_.empty() && ports_.empty()); }
    Timeout until_next_deadline() const;

    std::unique_ptr<Waiter> waiter_;
    ServeContext& context_;
    Buffer scratch_;
    std::list<Listener> listeners_;
    std::list<DatagramPort> ports_;
    Clients clients_;
    std::unordered_map<Source*, Place> client_of_;
    Deadlines deadlines_;  // one of a client at the most, which it may have met
    bool listeners_watched_ = false;
    bool room_ = true;  // whether the waiter takes one more descriptor
    bool said_room_ = false;
    bool said_exhausted_ = false;
    std::optional<Clock::time_point> accept_at_;  // the end of a pause
    std::optional<Clock::time_point> drain_until_;
    Duration drain_{};
    ServeEnd end_;
    bool forced_ = false;
};

bool is_exhaustion(Errno error) {
    using enum std::errc;
    return error == too_many_files_open || error == too_many_files_open_in_system || error == no_buffer_space ||
           error == not_enough_memory;
}

void Listener::accept_some(int most) {
    for (int i = 0; i < most && loop_.accepting(); ++i) {
        auto accepted = socket_.try_accept();
        if (accepted) {
            loop_.welcome(std::move(accepted->socket), accepted->peer);
        } else if (is_exhaustion(accepted.error())) {
            loop_.pause_accepting(accepted.error());
        } else if (accepted.error() == std::errc::resource_unavailable_try_again) {
            return;
        }  // else that connection has gone before it was accepted
    }
}

bool DatagramPort::answer_one() {
    auto received = socket_.try_recvfrom_into(scratch_);
    // An error that a former answer has caused is reported here once; what waits behind it is read next.
    if (!received) return received.error() != std::errc::resource_unavailable_try_again;
    auto& tally = context_.tally;
    ++tally.datagrams;
    tally.received += received->data.size();
    if (!Conversation::answers_datagrams(context_.service, received->peer)) return true;
    Conversation conversation(context_.service);
    auto sent = socket_.try_sendto(conversation.answer_datagram(received->data), received->peer);
    if (sent) {
        tally.sent += *sent;
    } else {
        ++tally.dropped;
    }
    return true;
}

bool SignalSource::on_ready(Ready) {
    while (auto signal = signals_.take()) loop_.stop(*signal);
    return true;
}

LoopServer::LoopServer(std::unique_ptr<Waiter> waiter, std::vector<ServerSocket>& sockets, ServeContext& context)
    : waiter_(std::move(waiter)),
      context_(context),
      scratch_(Buffer::with_capacity(std::max<std::size_t>(context.buffer, 65536))) {
    socket::setdefaulttimeout(0s);  // no call on any of these sockets waits
    for (auto& given : sockets) {
        auto& socket = given.socket;
        socket.settimeout(0s);
        switch (given.role) {
            case Role::datagrams: ports_.emplace_back(std::move(socket), context_, scratch_.room()); break;
            case Role::listener: listeners_.emplace_back(std::move(socket), *this); break;
            case Role::connection: {
                auto peer = socket.getpeername();
                welcome(std::move(socket), peer);
            }
        }
    }
}

ServeEnd LoopServer::run(StopSignals& signals, Duration drain) {
    drain_ = drain;
    SignalSource signal_source(signals, *this);
    waiter_->watch(signal_source, Ready::read);
    watch_listeners();
    for (auto& port : ports_) waiter_->watch(port, Ready::read);
    while (!forced_ && !(clients_.empty() && nobody_comes())) {
        for (auto& event : waiter_->wait(until_next_deadline())) dispatch(event);
        if (end_.signal && !drain_until_) begin_drain();
        if (drain_until_ && !clients_.empty() && Clock::now() >= *drain_until_) forced_ = true;
        end_late();
        end_idle();
        if (accept_at_ && Clock::now() >= *accept_at_) accept_at_.reset();
        watch_listeners();
    }
    end_.drained = clients_.empty() && !forced_;
    return end_;
}

void LoopServer::dispatch(const Waiter::Event& event) {
    auto client = client_of_.find(event.source);
    if (client == client_of_.end()) {
        event.source->on_ready(event.ready);
        return;
    }
    auto position = client->second.position;
    try {
        Ready watched = position->wants();
        if (!position->on_ready(event.ready)) return end(position);
        if (position->wants() != watched) waiter_->watch(*position, position->wants());
        note_deadline(client->second);
        clients_.splice(clients_.end(), clients_, position);
    } catch (const std::exception& error) {  // memory has run out, perhaps: the end of this client and of nobody else
        say(std::string("a client was dropped: ") + error.what());
        ++context_.tally.failed;
        end(position);
    }
}

void LoopServer::welcome(Socket socket, const Address& peer) {
    int fd = socket.fileno();
    room_ = waiter_->takes(fd + 1);
    if (!room_ && !std::exchange(said_room_, true))
        say("select() takes no descriptor above " + std::to_string(fd) +
            ": accepting stops until a client leaves (--style selectors has no such limit)");
    const auto& proxies = context_.options.proxies;
    bool trusted = !proxies || proxies->trusts(peer);
    // Behind a proxy the client is not known yet.
    auto ticket = trusted ? context_.admission.admit(proxies ? Address() : peer) : std::nullopt;
    if (!ticket || !waiter_->takes(fd)) {
        ++context_.tally.refused;
        return;
    }
    ++context_.tally.connections;
    auto client = clients_.emplace(clients_.end(), std::move(socket), peer, std::move(*ticket), context_,
                                   scratch_.room());
    auto& place = client_of_.emplace(&*client, Place{client, std::nullopt}).first->second;
    try {
        waiter_->watch(*client, client->wants());
        note_deadline(place);
    } catch (const OSError& error) {  // the kernel has no room for one more to watch
        ++context_.tally.refused;
        end(client);
        pause_accepting(Errno(error.errnum()));
    }
}

void LoopServer::end(Clients::iterator client) {
    waiter_->watch(*client, Ready::none);
    auto place = client_of_.extract(&*client);
    if (place.mapped().noted) deadlines_.erase(*place.mapped().noted);
    clients_.erase(client);
    room_ = true;
}

/// One that is put off is noted anew when the time has come, and not for each piece of a message.
void LoopServer::note_deadline(Place& place) {
    auto deadline = place.position->deadline();
    if (!deadline || (place.noted && (*place.noted)->first <= *deadline)) return;
    if (place.noted) deadlines_.erase(*place.noted);
    place.noted = deadlines_.emplace(*deadline, &*place.position);
}

void LoopServer::end_late() {
    while (!deadlines_.empty() && deadlines_.begin()->first <= Clock::now()) {
        auto& client = *deadlines_.begin()->second;
        auto& place = client_of_.at(&client);
        deadlines_.erase(deadlines_.begin());
        place.noted.reset();
        auto deadline = client.deadline();
        if (!deadline || *deadline > Clock::now()) {
            note_deadline(place);
            continue;
        }
        if (const char* complaint = client.complaint()) {
            say(client.peer().to_string() + ": " + complaint);
            ++context_.tally.failed;
        }
        end(place.position);
    }
}

void LoopServer::end_idle() {
    if (!context_.idle) return;
    while (!clients_.empty() && Clock::now() - clients_.front().last_active() >= *context_.idle) {
        ++context_.tally.failed;
        end(clients_.begin());
    }
}

void LoopServer::pause_accepting(Errno reason) {
    if (!std::exchange(said_exhausted_, true)) say("accept: " + reason.message() + ": trying again ten times a second");
    accept_at_ = Clock::now() + 100ms;
}

void LoopServer::watch_listeners() {
    if (accepting() == listeners_watched_) return;
    listeners_watched_ = accepting();
    for (auto& listener : listeners_) waiter_->watch(listener, accepting() ? Ready::read : Ready::none);
}

void LoopServer::stop(int signal) {
    if (end_.signal) forced_ = true;
    end_.signal = end_.signal ? end_.signal : signal;
}

void LoopServer::begin_drain() {
    context_.before_drain();
    drain_until_ = Clock::now() + drain_;
    for (auto& listener : listeners_) {
        listener.accept_some(SOMAXCONN);  // they believe that they are connected
        waiter_->watch(listener, Ready::none);
    }
    for (auto& port : ports_) waiter_->watch(port, Ready::none);
    listeners_.clear();
    ports_.clear();
    if (!Conversation::is_endless(context_.service)) return;
    while (!clients_.empty()) {
        (void)::shutdown(clients_.front().fileno(), SHUT_WR);
        end(clients_.begin());
    }
}

Timeout LoopServer::until_next_deadline() const {
    auto next = drain_until_;
    auto sooner = [&](Clock::time_point moment) { next = next ? std::min(*next, moment) : moment; };
    if (accept_at_) sooner(*accept_at_);
    if (!deadlines_.empty()) sooner(deadlines_.begin()->first);
    if (context_.idle && !clients_.empty()) sooner(clients_.front().last_active() + *context_.idle);
    if (!next) return std::nullopt;
    return std::max<Duration>(*next - Clock::now(), Duration::zero());
}

}  // namespace

std::unique_ptr<StyleServer> make_loop_server(Style style, std::vector<ServerSocket>& sockets, ServeContext& context) {
    auto method = style == Style::poll ? selectors::Method::poll : selectors::Method::epoll;
    auto waiter = style == Style::select ? make_select_waiter() : make_selector_waiter(method);
    return std::make_unique<LoopServer>(std::move(waiter), sockets, context);
}

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#include "characters.h"
#include "conversation.h"
#include "serve_styles.h"
#include "talk.h"

#include <bight/asyncio.h>
#include <bight/error.h>
#include <bight/file_descriptor.h>
#include <bight/proxy_protocol.h>
#include <bight/select.h>
#include <bight/socket.h>
#include <bight/socketserver/proxies.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>

namespace bight::tool {
namespace {

using asyncio::TaskGroup;

// How long a client may go on talking that has been told all.
constexpr Duration longest_discard = std::chrono::seconds(2);

// ---- One client. -------------------------------------------------------------------------------------------------------

/// What a connection has moved, added to the tally when it ends: one addition for many messages.
struct Counted {
    explicit Counted(Tally& to) noexcept : tally(to) {}
    ~Counted() {
        tally.received += received;
        tally.sent += sent;
    }
    Tally& tally;
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
};

Task<> echo(Stream client, ServeContext* context) {
    Counted count(context->tally);
    while (auto data = co_await client.read()) {
        co_await client.write(data);
        count.received += data.size();
        count.sent += data.size();
    }
}

Task<> discard(Stream* client, Counted* count) {
    while (auto data = co_await client->read()) count->received += data.size();
}

/// The client is past the limits for its messages, and not of an idle one alone.
class SlowClient : public std::runtime_error {
    using runtime_error::runtime_error;
};

/// The client's next bytes, within the limits of time where there are some.
Task<Buffer> read_within(Stream& client, const ServeContext& context, const MessagePace& pace, std::size_t most) {
    const char* complaint = nullptr;
    try {
        co_return co_await asyncio::wait_for(client.read(most), pace.wait(context.idle));
    } catch (const TimeoutError&) {
        complaint = pace.complaint();
        if (!complaint) throw;
    }
    throw SlowClient(complaint);
}

Task<> converse(Stream client, ServeContext* context) {
    Counted count(context->tally);
    Conversation conversation(context->service, context->messages.longest);
    MessagePace pace(context->messages, MessagePace::Clock::now());
    std::size_t most = Conversation::most_input(context->service, context->buffer);
    while (auto data = co_await read_within(client, *context, pace, most)) {
        count.received += data.size();
        Bytes answer = conversation.answer(data);
        co_await asyncio::wait_for(client.write(answer), context->idle);
        count.sent += answer.size();
        pace.heard(conversation);
    }
    Bytes last = conversation.answer_end();
    co_await client.write(last);
    count.sent += last.size();
}

/// Says all there is to say. Closed with something unread, the connection would be reset, and the words lost on the way:
/// so it listens for a while.
Task<> greet(Stream client, ServeContext* context) {
    Counted count(context->tally);
    Conversation conversation(context->service);
    Bytes words = conversation.greeting();
    co_await client.write(words);
    count.sent += words.size();
    client.write_eof();
    try {
        co_await asyncio::wait_for(discard(&client, &count), longest_discard);
    } catch (const TimeoutError&) {}  // it had its time
}

Task<> write_characters(Stream* client, ServeContext* context, Counted* count) {
    Characters characters;
    while (!context->tally.draining) {
        Bytes text = characters.next();
        co_await asyncio::wait_for(client->write(text), context->idle);
        characters.advance(text.size());
        count->sent += text.size();
    }
}

Task<> discard_and_cancel(Stream* client, Counted* count, asyncio::TaskHandle<void>* writing) {
    co_await discard(client, count);
    writing->cancel();
}

Task<> cancel_at(asyncio::Event* event, asyncio::TaskHandle<void>* writing) {
    co_await event->wait();
    writing->cancel();
}

/// Goes on until the client goes, or the server.
Task<> go_on(Stream client, ServeContext* context, asyncio::Event* draining) {
    Counted count(context->tally);
    asyncio::TaskHandle<void> writing;
    TaskGroup group;
    writing = group.spawn(write_characters, &client, context, &count);
    group.spawn(discard_and_cancel, &client, &count, &writing);
    group.spawn(cancel_at, draining, &writing);
    std::exception_ptr cancelled;
    try {
        co_await writing.ended();
    } catch (const asyncio::Cancelled&) {
        cancelled = std::current_exception();
    }
    group.cancel();
    co_await asyncio::shield(group.join());  // what they use is of this frame
    if (cancelled) std::rethrow_exception(cancelled);
}

Task<> serve_service(Stream client, ServeContext* context, asyncio::Event* draining) {
    if (Conversation::only_greets(context->service)) return greet(std::move(client), context);
    if (Conversation::is_endless(context->service)) return go_on(std::move(client), context, draining);
    return converse(std::move(client), context);
}

/// Counts what goes wrong, and says what is the client's doing.
Task<> serve_client(Stream client, ServeContext* context, asyncio::Event* draining, Address peer,
                    Admission::Ticket ticket) {
    (void)ticket;  // held as long as the client is served
    std::string complaint;
    try {
        co_await serve_service(std::move(client), context, draining);
        co_return;
    } catch (const LimitOverrunError& error) {
        complaint = error.what();
    } catch (const SlowClient& error) {
        complaint = error.what();
    } catch (const OSError&) {  // it has gone, or was silent for too long
    } catch (const asyncio::Cancelled&) {
        ++context->tally.failed;
        throw;
    }
    ++context->tally.failed;
    if (!complaint.empty()) say(peer.to_string() + ": " + complaint);
}

/// As serve_client(), of the client that a proxy's header names; `place` is for the time until that is known.
Task<> serve_proxied(Stream client, ServeContext* context, asyncio::Event* draining, Address peer,
                     Admission::Ticket place) {
    const auto& proxies = *context->options.proxies;
    proxy_protocol::Header header;
    std::string complaint;
    try {
        header = co_await asyncio::read_proxy_header(client, proxies.header_limit, proxies.longest_header);
    } catch (const TimeoutError&) {
        complaint = "its header was not whole in time";
    } catch (const proxy_protocol::Error& error) {
        complaint = error.what();
    } catch (const OSError& error) {
        complaint = error.what();
    } catch (const asyncio::Cancelled&) {
        ++context->tally.failed;
        throw;
    }
    if (!complaint.empty()) {
        ++context->tally.failed;
        say(peer.to_string() + ": " + complaint);
        co_return;
    }
    if (header.has_client()) peer = header.source;
    { auto given_back = std::move(place); }
    auto ticket = context->admission.admit(peer);
    if (!ticket) {
        ++context->tally.refused_later;
        co_return;
    }
    co_await serve_client(std::move(client), context, draining, peer, std::move(*ticket));
}

Task<> refuse(Stream) { co_return; }

Task<> welcome(Stream client, ServeContext* context, asyncio::Event* draining) {
    // Where nothing is limited, nobody need ask who it is.
    const auto& proxies = context->options.proxies;
    if (!context->options.limits && !context->options.max_conn && !context->idle && !proxies &&
        context->service == Service::echo) {
        ++context->tally.connections;
        return echo(std::move(client), context);
    }
    Address peer;
    try {
        peer = client.peer();
    } catch (const OSError&) {}  // it has gone already, which its first read tells
    bool is_trusted = !proxies || proxies->trusts(peer);
    // Behind a proxy the client is not known yet.
    auto ticket = is_trusted ? context->admission.admit(proxies ? Address() : peer) : std::nullopt;
    if (!ticket) {
        ++context->tally.refused;
        return refuse(std::move(client));
    }
    ++context->tally.connections;
    if (proxies) return serve_proxied(std::move(client), context, draining, peer, std::move(*ticket));
    return serve_client(std::move(client), context, draining, peer, std::move(*ticket));
}

Task<> answer_datagrams(asyncio::Datagram port, ServeContext* context) {
    Conversation conversation(context->service);
    while (true) {
        asyncio::Packet packet;
        bool failed = false;
        try {
            packet = co_await port.recvfrom();
        } catch (const ConnectionError&) {  // of an answer that did not arrive: reported once
            continue;
        } catch (const OSError&) {
            failed = true;
        }
        if (failed) {  // memory has run out, perhaps
            co_await asyncio::sleep(std::chrono::milliseconds(100));
            continue;
        }
        ++context->tally.datagrams;
        context->tally.received += packet.data.size();
        if (!Conversation::answers_datagrams(context->service, packet.peer)) continue;
        Bytes answer = conversation.answer_datagram(packet.data);
        try {
            co_await port.sendto(answer, packet.peer);
            context->tally.sent += answer.size();
        } catch (const OSError&) {
            ++context->tally.dropped;
        }
    }
}

// ---- One thread with its loop. -----------------------------------------------------------------------------------------

FileDescriptor duplicate(const Socket& socket) {
    int fd = ::fcntl(socket.fileno(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) raise_os_error(errno, "duplicate a listener");
    return FileDescriptor(fd);
}

class Worker {
public:
    Worker(const std::vector<ServerSocket>& sockets, ServeContext& context) : context_(context) {
        for (auto& socket : sockets) sockets_.push_back(Socket::adopt(duplicate(socket.socket).detach()));
    }

    /// What is left of it ends at once.
    ~Worker() {
        stop();
        stop();
        begins_.release();
    }

    /// Returns once its loop is there, or raises what refused that. The sockets are left alone until serve_now(): they may be
    /// those of another process, which still serves.
    void begin(asyncio::LoopOptions options, bool says_engine, std::function<void()> ended) {
        std::promise<void> has_loop;
        auto begun = has_loop.get_future();
        thread_ = std::jthread([=, this, has_loop = std::move(has_loop)]() mutable {
            bool has_begun = false;
            try {
                serve(options, says_engine, [&] {
                    has_begun = true;
                    has_loop.set_value();
                });
            } catch (const std::exception& error) {
                failed_ = true;
                if (has_begun)
                    complain(error);
                else
                    has_loop.set_exception(std::current_exception());
            }
            ended();
        });
        begun.get();
    }

    void serve_now(Duration drain) noexcept {
        drain_ = drain;
        is_to_serve_ = true;
        begins_.release();
    }

    /// The first time, drains; the second, ends at once. From any thread.
    void stop() {
        std::lock_guard lock(mutex_);
        ++stops_;
        if (loop_) loop_->call_soon_threadsafe([this] { stop_in_loop(); });
    }

    bool failed() const noexcept { return failed_; }

    /// How many connections it had accepted when it ended.
    std::uint64_t accepted() const noexcept { return accepted_; }

private:
    /// Where stop() finds the loop, as long as there is one.
    struct Reachable {
        Reachable(Worker& who, asyncio::EventLoop& loop) : worker(who) {
            std::lock_guard lock(worker.mutex_);
            worker.loop_ = &loop;
            worker.stops_seen_ = worker.stops_;
        }
        ~Reachable() {
            std::lock_guard lock(worker.mutex_);
            worker.accepted_ = worker.loop_->metrics().accepted;
            worker.loop_ = nullptr;
        }
        Worker& worker;
    };

    template <class Begun>
    void serve(asyncio::LoopOptions options, bool says_engine, Begun begun) {
        asyncio::EventLoop loop(options);
        if (says_engine && loop.engine_reason().starts_with("io_uring is refused"))
            say(loop.engine_reason() + ": epoll does it");
        Reachable reachable(*this, loop);
        begun();
        begins_.acquire();
        if (is_to_serve_) loop.run_until_complete(work());
    }

    /// Each counts: the second may come before the first has had its effect.
    void stop_in_loop() {
        ++stops_seen_;
        if (draining_)
            draining_->cancel();
        else if (serving_)
            serving_->cancel();
    }

    static Task<> serve_until_cancelled() {
        while (true) co_await asyncio::sleep(std::chrono::hours(24));
    }

    Task<> work() {
        std::vector<asyncio::Server> servers;
        TaskGroup ports;
        asyncio::ServeOptions options{
            .max_connections = asyncio::ServeOptions::unlimited,
            .max_per_peer = asyncio::ServeOptions::unlimited};  // the admission has the limits
        auto handler = [this](Stream client) { return welcome(std::move(client), &context_, &drain_begun_); };
        for (auto& socket : sockets_) {
            if (socket.kind() == Kind::datagram)
                (void)ports.spawn(answer_datagrams, asyncio::open_datagrams(std::move(socket)), &context_);
            else
                servers.push_back(asyncio::start_server(std::move(socket), handler, options));
        }
        TaskGroup group;
        serving_ = group.spawn(serve_until_cancelled);
        if (stops_seen_ > 0) serving_->cancel();  // it came before there was anything to stop
        co_await group.join();
        ports.cancel();
        drain_begun_.set();
        draining_ = group.spawn(drain_all, &servers, drain_, &failed_);
        if (stops_seen_ > 1) draining_->cancel();
        co_await group.join();
        try {
            co_await ports.join();
        } catch (const asyncio::Cancelled&) {}
    }

    static Task<> drain_all(std::vector<asyncio::Server>* servers, Duration drain, std::atomic<bool>* failed) {
        TaskGroup group;
        std::vector<asyncio::TaskHandle<asyncio::ServeTally>> tallies;
        for (auto& server : *servers) tallies.push_back(group.create_task(server.stop(drain)));
        co_await group.join();
        for (auto& tally : tallies)
            if (tally.cancelled() || tally.result().aborted > 0) *failed = true;
    }

    ServeContext& context_;
    std::vector<Socket> sockets_;
    std::counting_semaphore<2> begins_{0};
    std::atomic<bool> is_to_serve_ = false;
    Duration drain_{};
    std::mutex mutex_;
    asyncio::EventLoop* loop_ = nullptr;
    int stops_ = 0;
    int stops_seen_ = 0;          // in the loop
    asyncio::Event drain_begun_;  // what never ends by itself ends then
    std::optional<asyncio::TaskHandle<void>> serving_;
    std::optional<asyncio::TaskHandle<void>> draining_;
    std::uint64_t accepted_ = 0;        // its thread's, until that has ended
    std::atomic<bool> failed_ = false;  // also: somebody was not served to the end
    std::jthread thread_;
};

// ---- All of them. ------------------------------------------------------------------------------------------------------

/// Loops that share the listeners' queues, each in a thread of its own.
class AsyncServer final : public StyleServer {
public:
    AsyncServer(std::vector<ServerSocket>& sockets, ServeContext& context)
        : context_(context), wakeup_(socket::socketpair()) {
        for (std::size_t i = 0; i < context.options.workers.value_or(1); ++i) workers_.emplace_back(sockets, context);
        for (auto& socket : sockets) sockets_.push_back(std::move(socket.socket));
        for (auto& worker : workers_)
            worker.begin({.engine = context_.options.engine.value_or(asyncio::EngineChoice::automatic),
                          .observable = context_.options.observable},
                         &worker == &workers_.front(), [this] {
                             ++ended_;
                             (void)wakeup_.second.try_send("!");
                         });
    }

    ServeEnd run(StopSignals& signals, Duration drain) override {
        poll_.add(signals, select::PollEvents::in);
        poll_.add(wakeup_.first, select::PollEvents::in);
        for (auto& worker : workers_) worker.serve_now(drain);
        wait();
        ServeEnd end{.signal = signals.take().value_or(0)};
        context_.before_drain();
        sockets_.clear();  // who comes now finds nobody
        for (auto& worker : workers_) worker.stop();
        bool forced = false;
        while (ended_ < workers_.size()) {
            wait();
            if (!signals.take()) continue;
            forced = true;
            for (auto& worker : workers_) worker.stop();
        }
        end.drained = !forced && std::ranges::none_of(workers_, &Worker::failed);
        if (workers_.size() > 1) say_shares();
        return end;
    }

private:
    /// They take from one queue, and nothing sees to it that each gets its part.
    void say_shares() const {
        std::string text = "accepted by each worker:";
        for (auto& worker : workers_) text += ' ' + std::to_string(worker.accepted());
        say(text);
    }

    /// Until a signal has come, or a worker has ended.
    void wait() {
        for (auto& event : poll_.poll())
            if (event.fd == wakeup_.first.fileno()) (void)wakeup_.first.try_recv(1);
    }

    ServeContext& context_;
    std::vector<Socket> sockets_;
    socket::SocketPair wakeup_;  // a worker writes to the second when it ends
    select::Poll poll_;
    std::atomic<std::size_t> ended_ = 0;
    std::list<Worker> workers_;
};

}  // namespace

std::unique_ptr<StyleServer> make_async_server(std::vector<ServerSocket>& sockets, ServeContext& context) {
    return std::make_unique<AsyncServer>(sockets, context);
}

}  // namespace bight::tool

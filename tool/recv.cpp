// SPDX-License-Identifier: BSL-1.0
#include "recv.h"

#include "exit_code.h"
#include "json.h"
#include "listen.h"
#include "progress.h"
#include "stop_signals.h"
#include "talk.h"
#include "transfer_report.h"

#include <bight/error.h>
#include <bight/file_transfer.h>
#include <bight/select.h>
#include <bight/socketserver.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <optional>
#include <thread>
#include <utility>

namespace bight::tool {
namespace {

using file_transfer::Inbox;
using file_transfer::Transfer;

/// What every connection needs to know, and what they have done together.
struct Reception {
    const Inbox& inbox;
    bool json;
    std::atomic<std::uint64_t> good = 0;
    std::atomic<std::uint64_t> failed = 0;  // files that were refused, connections that broke
    std::atomic<std::uint64_t> broken = 0;  // of these, the connections
    std::atomic<bool> output_closed = false;
    socket::SocketPair end = socket::socketpair();  // who writes to the first ends it

    void report(const Transfer& transfer, const std::string& peer) {
        ++(transfer ? good : failed);
        if (json) return print(transfer_json(transfer, "recv", peer));
        auto text = transfer_text(transfer, "received");
        if (transfer) return print(text);
        text.pop_back();
        say(text, " (from " + peer + ')');
    }

    /// As report(), from a thread of the server: it is the server that ends where nobody reads the reports, and what is
    /// told is no fault of the connection.
    void report_from_server(const Transfer& transfer, const std::string& peer) {
        try {
            report(transfer, peer);
        } catch (const OutputClosed&) {
            if (!output_closed.exchange(true)) ask_to_end();
        }
    }

    void ask_to_end() { (void)end.first.try_send("!"); }
};

struct HasReception {
    explicit HasReception(Reception& its) : reception(its) {}
    virtual ~HasReception() = default;
    Reception& reception;
};

class Handler : public socketserver::BaseRequestHandler {
public:
    void handle() override {
        auto& reception = dynamic_cast<HasReception&>(*server).reception;
        file_transfer::Receiver receiver(request, reception.inbox);
        while (auto transfer = receiver.receive()) reception.report_from_server(*transfer, client_address.to_string());
    }
};

class Server final : public socketserver::PoolTCPServer<Handler>, public HasReception {
public:
    Server(Socket&& listener, Reception& its) : PoolTCPServer(std::move(listener)), HasReception(its) {}
    ~Server() override { abort_requests(); }

    void handle_error(socketserver::Request&, const Address& client_address) override {
        ++reception.failed;
        ++reception.broken;
        try {
            throw;
        } catch (const std::exception& error) {
            say(client_address.to_string() + ": " + error.what());
        }
    }
};

void announce(const Endpoint& endpoint, bool json) {
    auto text = endpoint.to_string();
    print(json ? JsonObject().add("schema", "bight.recv/1").add("listening", text).text() + '\n'
               : "listening on " + text + '\n');
}

/// A place to receive on, whose path goes when this goes.
struct Place {
    Place(const Endpoint& endpoint, Reception& reception)
        : server(open_listener(endpoint), reception), path(server.server_address()) {
        announce(Endpoint::of(endpoint.scheme, server.server_address()), reception.json);
    }

    Server server;
    BoundPath path;
};

/// Connection after connection, until a signal. Then those that are left are ended: what came of their files is kept.
/// Raises OutputClosed.
int receive_many(const Endpoint& endpoint, Reception& reception, StopSignals& signals) {
    Place place(endpoint, reception);
    std::jthread serving([&] {
        try {
            place.server.serve_forever();
        } catch (const std::exception& error) {
            complain(error);
        }
        reception.ask_to_end();
    });
    select::select({signals, reception.end.second}, {}, {});
    auto signal = signals.take();
    ExitOnSignal second(signals);
    auto broken_before = reception.broken.load();
    place.server.stop(Duration::zero());
    if (reception.output_closed) throw OutputClosed();
    say(std::to_string(reception.good) + " files, " + std::to_string(reception.failed) + " failed");
    if (!signal) return exit_code::no;
    return reception.broken == broken_before ? exit_code::ok : exit_code::signalled + *signal;
}

/// The first connection; or the number of the signal that came instead.
std::expected<Accepted, int> accept_one(const Endpoint& endpoint, Reception& reception, StopSignals& signals) {
    auto listener = open_listener(endpoint);
    BoundPath path(listener.getsockname());
    announce(Endpoint::of(endpoint.scheme, listener.getsockname()), reception.json);
    listener.setblocking(false);
    while (true) {
        select::select({listener, signals}, {}, {});
        if (auto signal = signals.take()) return std::unexpected(*signal);
        auto accepted = listener.try_accept();
        if (accepted) return std::move(*accepted);
        bool gone_meanwhile = accepted.error() == std::errc::resource_unavailable_try_again ||
                              accepted.error() == std::errc::connection_aborted;
        if (!gone_meanwhile) raise_os_error(accepted.error().number(), "accept");
    }
}

int receive_once(const Endpoint& endpoint, Reception& reception, StopSignals& signals) {
    auto accepted = accept_one(endpoint, reception, signals);
    if (!accepted) return exit_code::signalled + accepted.error();
    auto& [connection, peer] = *accepted;
    ProgressBar bar;
    ShutdownOnSignal tidily(signals, connection);
    try {
        file_transfer::Receiver receiver(
            connection, reception.inbox,
            [&](const Transfer& transfer, std::uint64_t done) { bar.show(transfer.name, done, transfer.size); });
        while (auto transfer = receiver.receive()) {
            bar.clear();
            reception.report(*transfer, peer.to_string());
        }
    } catch (const OSError& error) {
        bar.clear();
        if (tidily.signal() == 0) return complain(error);
    }
    if (int signal = tidily.signal()) return exit_code::signalled + signal;
    return reception.good > 0 && reception.failed == 0 ? exit_code::ok : exit_code::no;
}

}  // namespace

int run_recv(const RecvOptions& options) {
    auto endpoint = parse_endpoint(options.listen);
    if (is_datagram(endpoint)) throw ValueError("files go over streams: tcp: or unix:");
    const Inbox inbox(options.into, {.max_size = options.max_size,
                                     .max_files = options.max_files,
                                     .overwrite = options.overwrite,
                                     .timeout = options.timeout});
    StopSignals signals;
    Reception reception{inbox, options.json};
    return options.once ? receive_once(endpoint, reception, signals) : receive_many(endpoint, reception, signals);
}

}  // namespace bight::tool

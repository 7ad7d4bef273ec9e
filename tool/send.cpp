// SPDX-License-Identifier: BSL-1.0
#include "send.h"

#include "exit_code.h"
#include "listen.h"
#include "progress.h"
#include "stop_signals.h"
#include "talk.h"
#include "transfer_report.h"

#include <bight/error.h>
#include <bight/file_transfer.h>

#include <optional>

namespace bight::tool {
namespace {

using file_transfer::Transfer;

Socket connect(const Endpoint& endpoint, const SendOptions& options, StopSignals& signals) {
    ExitOnSignal meanwhile(signals);
    return socket::create_connection(endpoint.where(), {.timeout = options.timeout});
}

/// All files, one after the other: the exit code of the first that did not go well.
int send_all(Socket& connection, const std::string& peer, const SendOptions& options, const ShutdownOnSignal& tidily) {
    ProgressBar bar;
    file_transfer::Sender sender(connection, {.resume = options.resume,
                                              .timeout = options.timeout,
                                              .progress = [&](const Transfer& transfer, std::uint64_t done) {
                                                  bar.show(transfer.name, done, transfer.size);
                                              }});
    int code = exit_code::ok;
    for (std::size_t i = 0; i + 1 < options.words.size() && sender.is_open(); ++i) {
        int its = exit_code::ok;
        try {
            auto transfer = sender.send(options.words[i]);
            bar.clear();
            auto text = options.json ? transfer_json(transfer, "send", peer) : transfer_text(transfer, "sent");
            if (!transfer) its = exit_code::no;
            if (transfer || options.json)
                print(text);
            else
                say(text.substr(0, text.size() - 1));
        } catch (const OSError& error) {
            bar.clear();
            if (tidily.signal() != 0) break;
            its = complain(error);
        }
        if (code == exit_code::ok) code = its;
    }
    return code;
}

}  // namespace

int run_send(const SendOptions& options) {
    if (options.words.size() < 2) throw ValueError("send takes one file or more, and an endpoint behind them");
    auto endpoint = parse_endpoint(options.words.back());
    if (is_datagram(endpoint)) throw ValueError("files go over streams: tcp: or unix:");
    StopSignals signals;
    std::optional<Socket> connection;
    try {
        connection.emplace(connect(endpoint, options, signals));
    } catch (const OSError& error) {
        return complain(error, Step::connecting);
    }
    ShutdownOnSignal tidily(signals, *connection);
    int code = send_all(*connection, endpoint.to_string(), options, tidily);
    if (int signal = tidily.signal()) {
        say("interrupted; to go on, send the same again");
        return exit_code::signalled + signal;
    }
    return code;
}

}  // namespace bight::tool

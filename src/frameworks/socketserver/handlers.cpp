// SPDX-License-Identifier: BSL-1.0
#include <bight/socketserver.h>

#include "blocking/deadline.h"
#include "blocking/read_pace.h"
#include "frameworks/socketserver/control.h"

#include <memory>

namespace bight::socketserver {

void StreamRequestHandler::setup() {
    if (timeout) request.settimeout(timeout);
    if (disable_nagle_algorithm) request.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    rfile = request.makefile(socket::rb, rbufsize);
    wfile = request.makefile(socket::wb, wbufsize);
}

void StreamRequestHandler::finish() {
    rfile.close();
    try {
        wfile.close();
    } catch (const OSError&) {
        // The peer has gone: there is nobody left for the rest.
    }
}

Buffer StreamRequestHandler::read_message(Bytes separator, std::size_t limit) {
    return read_message_by([&] { return rfile.readuntil(separator, limit); });
}

StreamRequestHandler::MessageScope::MessageScope(StreamRequestHandler& handler) : handler_(handler) {
    const auto* limits = handler.server ? handler.server->connection_limits() : nullptr;
    if (!limits) return;
    pace_ = std::make_unique<ReadPace>();
    if (!handler.had_message_ && limits->first_message)
        pace_->whole_by = end_of(handler.accepted, *limits->first_message);
    pace_->least_rate = limits->least_rate;
    pace_->grace = limits->rate_grace;
    ReaderAccess::set_pace(handler.rfile, pace_.get());
}

StreamRequestHandler::MessageScope::~MessageScope() {
    handler_.had_message_ = true;
    if (!pace_) return;
    ReaderAccess::set_pace(handler_.rfile, nullptr);
    auto& account = handler_.server->control_->account();
    if (pace_->too_late) account.count_late();
    if (pace_->too_slow) account.count_slow();
}

std::size_t PacketWriter::write(Bytes data) {
    contents_.append(data.view());
    return data.size();
}

void DatagramRequestHandler::setup() {
    // Reads the packet where it stands; the handler keeps it.
    MutableBytes memory = packet.room();
    rfile = BufferedReader(Buffer(memory.data(), packet.size(), packet.size(), nullptr, nullptr));
}

void DatagramRequestHandler::finish() { request.sendto(wfile.contents(), client_address); }

}  // namespace bight::socketserver

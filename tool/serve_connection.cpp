// SPDX-License-Identifier: BSL-1.0
#include "serve_connection.h"

#include "talk.h"
#include "would_wait.h"

#include <bight/error.h>
#include <bight/socketserver/proxies.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace bight::tool {

Connection::Connection(Socket socket, const Address& peer, Admission::Ticket ticket, ServeContext& context,
                       MutableBytes scratch)
    : socket_(std::move(socket)),
      peer_(peer),
      ticket_(std::move(ticket)),
      context_(context),
      scratch_(scratch.first(Conversation::most_input(context.service, context.buffer))),
      conversation_(context.service, context.messages.longest),
      pace_(context.messages, Clock::now()) {
    if (const auto& proxies = context.options.proxies) {
        header_.emplace(proxies->longest_header);
        deadline_ = Clock::now() + proxies->header_limit;
    } else {
        greet();
    }
}

Ready Connection::wants() const noexcept {
    if (!kept_.empty()) return Ready::write;
    bool goes_on = Conversation::is_endless(context_.service) && !header_;
    return goes_on ? Ready::read | Ready::write : Ready::read;
}

std::optional<Connection::Clock::time_point> Connection::deadline() const noexcept {
    if (deadline_ || !kept_.empty()) return deadline_;
    return pace_.deadline();
}

const char* Connection::complaint() const noexcept {
    if (header_) return "its header was not whole in time";
    return deadline_ ? nullptr : pace_.complaint();
}

bool Connection::on_ready(Ready ready) {
    last_active_ = Clock::now();
    try {
        bool well = proceed(ready);
        if (!well) ++context_.tally.failed;
        return well && !(ended_ && kept_.empty());
    } catch (const std::exception& error) {
        // A line without an end, or a header that is none: what the client did, and not the system.
        if (!dynamic_cast<const LimitOverrunError*>(&error) && !dynamic_cast<const proxy_protocol::Error*>(&error))
            throw;
        say(peer_.to_string() + ": " + error.what());
        ++context_.tally.failed;
        return false;
    }
}

bool Connection::proceed(Ready ready) {
    if (header_) return read_header();
    if (!kept_.empty()) return send_kept();
    return Conversation::is_endless(context_.service) ? go_on(ready) : read_and_answer();
}

bool Connection::read_header() {
    while (!header_->done()) {
        auto data = socket_.try_recv_into(scratch_.first(std::min(header_->wanted(), scratch_.size())));
        if (!data) return would_wait(data.error());
        if (data->empty()) return false;
        header_->feed(*data);
    }
    if (header_->header().has_client()) peer_ = header_->header().source;
    header_.reset();
    deadline_.reset();
    pace_ = MessagePace(context_.messages, Clock::now());
    ticket_.reset();
    if (auto ticket = context_.admission.admit(peer_)) {
        ticket_.emplace(std::move(*ticket));
        greet();
    } else {
        ++context_.tally.refused;
        ended_ = true;
    }
    return true;
}

void Connection::greet() { kept_ = Buffer::copy_of(conversation_.greeting()); }

/// The client's words are thrown away, and so that it cannot hold up others with them, not all at once.
bool Connection::go_on(Ready ready) {
    if (has(ready, Ready::read)) {
        auto data = socket_.try_recv_into(scratch_);
        if (!data && !would_wait(data.error())) return false;
        if (data) context_.tally.received += data->size();
        ended_ = data && data->empty();
    }
    if (ended_ || !has(ready, Ready::write)) return true;
    auto sent = socket_.try_send(characters_.next());
    if (!sent) return would_wait(sent.error());
    context_.tally.sent += *sent;
    characters_.advance(*sent);
    return true;
}

bool Connection::read_and_answer() {
    auto data = socket_.try_recv_into(scratch_);
    if (!data) return would_wait(data.error());
    context_.tally.received += data->size();
    ended_ = data->empty();
    bool well = send(ended_ ? conversation_.answer_end() : conversation_.answer(*data));
    pace_.heard(conversation_);
    return well;
}

bool Connection::send(Bytes answer) {
    if (answer.empty()) return true;
    auto sent = socket_.try_send(answer);
    if (!sent && !would_wait(sent.error())) return false;
    std::size_t count = sent.value_or(0);
    context_.tally.sent += count;
    if (count == answer.size()) return true;
    kept_ = Buffer::copy_of(answer.slice(count));
    start_ = 0;
    return true;
}

bool Connection::send_kept() {
    auto sent = socket_.try_send(kept_.bytes().slice(start_));
    if (!sent) return would_wait(sent.error());
    context_.tally.sent += *sent;
    start_ += *sent;
    if (start_ < kept_.size()) return true;
    kept_ = {};
    pace_.resume();
    if (Conversation::only_greets(context_.service) && !deadline_) {
        // Closed with something unread, the connection would be reset, and the words lost on the way.
        (void)::shutdown(socket_.fileno(), SHUT_WR);
        deadline_ = Clock::now() + longest_farewell;
    }
    return true;
}

}  // namespace bight::tool

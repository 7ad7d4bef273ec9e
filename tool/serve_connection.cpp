// SPDX-License-Identifier: BSL-1.0
#include "serve_connection.h"

#include "talk.h"

#include <bight/error.h>

#include <system_error>
#include <utility>

namespace bight::tool {
namespace {

bool would_wait(Errno error) { return error == std::errc::resource_unavailable_try_again; }

}  // namespace

Connection::Connection(Socket socket, const Address& peer, Admission::Ticket ticket, ServeContext& context,
                       MutableBytes scratch)
    : socket_(std::move(socket)),
      peer_(peer),
      ticket_(std::move(ticket)),
      context_(context),
      scratch_(scratch.first(Conversation::most_input(context.service, context.buffer))),
      conversation_(context.service) {}

bool Connection::on_ready(Ready) {
    last_active_ = Clock::now();
    try {
        bool well = kept_.empty() ? read_and_answer() : send_kept();
        if (!well) ++context_.tally.failed;
        return well && !(ended_ && kept_.empty());
    } catch (const LimitOverrunError& error) {
        say(peer_.to_string() + ": " + error.what());
        ++context_.tally.failed;
        return false;
    }
}

bool Connection::read_and_answer() {
    auto data = socket_.try_recv_into(scratch_);
    if (!data) return would_wait(data.error());
    context_.tally.received += data->size();
    ended_ = data->empty();
    return send(ended_ ? conversation_.answer_end() : conversation_.answer(*data));
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
    if (start_ == kept_.size()) kept_ = {};
    return true;
}

}  // namespace bight::tool

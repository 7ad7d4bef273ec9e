// SPDX-License-Identifier: BSL-1.0
#include "hand_over.h"

#include "talk.h"

#include <bight/error.h>

#include <csignal>
#include <exception>
#include <utility>

#include <unistd.h>

namespace bight::tool {

HandOver::HandOver(const std::string& path) : successor_(handover::Successor::find(path)) {
    if (!successor_) place_.emplace(path);  // who comes early waits for begin()
}

std::optional<Socket> HandOver::take(const std::string& name) {
    return successor_ ? successor_->take(name) : std::nullopt;
}

void HandOver::begin(std::vector<ServerSocket>& sockets) {
    std::vector<handover::Offer> offers;
    for (auto& socket : sockets) offers.push_back({socket.name, socket.fd});
    if (successor_) {
        for (auto& [name, socket] : successor_->sockets()) {
            say("nobody serves " + name + " any more");
            if (name.starts_with("unix")) BoundPath goes_with_it(socket.getsockname());
        }
        place_ = successor_->confirm();
        say("took over from process " + std::to_string(successor_->predecessor()));
        successor_.reset();
        for (auto& socket : sockets)
            if (socket.name.starts_with("unix") && !socket.path)
                socket.path.emplace(*socket.endpoint.where().address());
    }
    waiting_ = std::jthread([this, offers = std::move(offers)] { wait_for_successor(offers); });
}

void HandOver::wait_for_successor(const std::vector<handover::Offer>& sockets) {
    try {
        if (!place_->hand_over(sockets)) return;
        say("handed over to process " + std::to_string(place_->successor()));
        ::kill(::getpid(), SIGTERM);
    } catch (const std::exception& error) {  // of the system; it serves on, and cannot be taken over from
        complain(error);
    }
}

void HandOver::stop() noexcept {
    if (place_) place_->stop();
}

bool HandOver::may_be_over() {
    stop();
    if (waiting_.joinable()) waiting_.join();
    return is_over() || (place_ && place_->undecided());
}

}  // namespace bight::tool

// SPDX-License-Identifier: BSL-1.0
#include <bight/printable.h>
#include <bight/socketserver.h>

#include "blocking/or_raise.h"
#include "blocking/socket_state.h"
#include "frameworks/socketserver/control.h"
#include "sys/threads.h"

#include <condition_variable>
#include <exception>
#include <iostream>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

namespace bight::socketserver {

struct RequestThreads::State {
    struct Entry {
        BaseServer* server = nullptr;
        Request request;
        Address client_address;
        Work work = nullptr;
        std::weak_ptr<SocketState> connection;  // of streams: what abort_and_join() shuts down
        std::thread thread;
    };
    using Place = std::list<Entry>::iterator;

    void run(Place place) noexcept {
        { std::lock_guard until_it_is_handed_over(mutex); }
        try {
            place->work(*place->server, place->request, place->client_address);
        } catch (const std::exception& error) {  // of a hook: nobody else is there to hear of it
            std::cerr << "bight: " + printable(std::string("a request's thread ended: ") + error.what()) + '\n';
        } catch (...) {
            // What is no std::exception ends this thread, as it does in Python, and nothing else.
        }
        // A thread cannot join itself: each one that ends joins the one that ended before it, so that no more than
        // one is ever left over.
        std::thread before;
        {
            std::list<Entry> ended;
            std::lock_guard lock(mutex);
            before = std::exchange(last_ended, std::move(place->thread));
            ended.splice(ended.end(), live, place);
            if (live.empty()) none_live.notify_all();
        }
        if (before.joinable()) before.join();
    }

    bool join(Timeout limit) {
        std::unique_lock lock(mutex);
        for (const auto& entry : live)
            if (entry.thread.get_id() == std::this_thread::get_id())
                throw BusyError("server_close() from a handler's thread would wait for itself");
        auto none = [this] { return live.empty(); };
        if (!wait_until(none_live, lock, Deadline(limit), none)) return false;
        std::thread last = std::move(last_ended);
        lock.unlock();
        if (last.joinable()) last.join();
        return true;
    }

    std::mutex mutex;
    std::condition_variable none_live;
    std::list<Entry> live;
    std::thread last_ended;
};

RequestThreads::RequestThreads() : state_(std::make_unique<State>()) {}
RequestThreads::~RequestThreads() { abort_and_join(); }

void RequestThreads::start(BaseServer& server, Request& request, const Address& client_address, Work work) {
    bool is_stream = request.socket.kind() != Kind::datagram;
    std::list<State::Entry> entry(1);
    auto place = entry.begin();
    place->server = &server;
    place->client_address = client_address;
    place->work = work;
    if (is_stream) place->connection = SocketAccess::watch(request.socket);
    std::lock_guard lock(state_->mutex);  // the new thread cannot end before it is known
    place->thread = or_raise(sys::start_joinable([state = state_.get(), place] { state->run(place); }),
                             "start a thread for a request");
    place->request = std::move(request);
    state_->live.splice(state_->live.end(), entry);
}

std::size_t RequestThreads::size() const {
    std::lock_guard lock(state_->mutex);
    return state_->live.size();
}

void RequestThreads::join() { (void)state_->join(std::nullopt); }

bool RequestThreads::wait(Timeout limit) { return state_->join(limit); }

void RequestThreads::abort() noexcept {
    std::lock_guard lock(state_->mutex);
    for (auto& entry : state_->live)
        if (auto connection = entry.connection.lock()) connection->abort();
}

void RequestThreads::abort_and_join() noexcept {
    abort();
    (void)state_->join(std::nullopt);
}

}  // namespace bight::socketserver

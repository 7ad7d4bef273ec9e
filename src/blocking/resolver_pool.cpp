// SPDX-License-Identifier: BSL-1.0
#include <bight/resolver_pool.h>

#include <bight/error.h>

#include "values/port.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace bight::socket {

// ---- One look-up. ------------------------------------------------------------------------------------------------------

struct Lookup::State {
    std::optional<std::string> host;
    Service service;
    AddrInfoOptions options;
    LookupNotice notice;

    std::mutex mutex;
    std::condition_variable ended;
    bool done = false;
    std::vector<AddrInfo> found;
    std::exception_ptr error;

    /// The first end counts; the notice is called under the lock, so that cancel() can promise its silence.
    void finish(std::vector<AddrInfo> answer, std::exception_ptr why) noexcept {
        std::lock_guard lock(mutex);
        if (std::exchange(done, true)) return;
        found = std::move(answer);
        error = std::move(why);
        ended.notify_all();
        if (notice.call) notice.call(notice.context);
    }

    void cancel() noexcept {
        std::lock_guard lock(mutex);
        if (std::exchange(done, true)) return;
        error = std::make_exception_ptr(OSError(ECANCELED, "getaddrinfo"));
        ended.notify_all();
    }

    bool is_done() {
        std::lock_guard lock(mutex);
        return done;
    }

    void run() noexcept {
        std::vector<AddrInfo> answer;
        std::exception_ptr why;
        try {
            auto name = host ? std::optional<std::string_view>(*host) : std::nullopt;
            answer = socket::getaddrinfo(name, service, options);
        } catch (...) {
            why = std::current_exception();
        }
        finish(std::move(answer), std::move(why));
    }
};

Lookup::Lookup(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
Lookup::Lookup(Lookup&&) noexcept = default;

Lookup& Lookup::operator=(Lookup&& other) noexcept {
    if (this == &other) return *this;
    cancel();
    state_ = std::move(other.state_);
    return *this;
}

Lookup::~Lookup() { cancel(); }

bool Lookup::done() const { return !state_ || state_->is_done(); }

std::vector<AddrInfo> Lookup::get(Timeout timeout) {
    if (!state_) throw ClosedError("get");
    std::unique_lock lock(state_->mutex);
    auto is_done = [this] { return state_->done; };
    if (!timeout)
        state_->ended.wait(lock, is_done);
    else if (!state_->ended.wait_for(lock, *timeout, is_done))
        throw TimeoutError(ETIMEDOUT, "getaddrinfo");
    if (state_->error) std::rethrow_exception(state_->error);
    return state_->found;
}

void Lookup::cancel() noexcept {
    if (state_) state_->cancel();
}

// ---- The pool. ---------------------------------------------------------------------------------------------------------

struct ResolverPool::State {
    explicit State(const ResolverOptions& chosen) : options(chosen) {}

    /// The life of a thread of the pool.
    void work() {
        std::unique_lock lock(mutex);
        while (true) {
            ++idle;
            wanted.wait(lock, [this] { return stopping || !waiting.empty(); });
            --idle;
            if (stopping) return;
            auto lookup = std::move(waiting.front());
            waiting.pop_front();
            running.push_back(lookup);
            lock.unlock();
            if (!lookup->is_done()) lookup->run();
            lock.lock();
            std::erase(running, lookup);
        }
    }

    const ResolverOptions options;
    std::mutex mutex;
    std::condition_variable wanted;
    std::deque<std::shared_ptr<Lookup::State>> waiting;
    std::vector<std::shared_ptr<Lookup::State>> running;
    std::size_t threads = 0;
    std::size_t idle = 0;
    bool stopping = false;
};

ResolverPool::ResolverPool(const ResolverOptions& options) : state_(std::make_shared<State>(options)) {
    if (options.threads == 0) throw ValueError("a resolver pool needs a thread");
}

ResolverPool::~ResolverPool() {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    for (auto& lookup : state_->waiting) lookup->cancel();
    for (auto& lookup : state_->running) lookup->cancel();
    state_->waiting.clear();
    state_->wanted.notify_all();
}

Lookup ResolverPool::getaddrinfo(std::optional<std::string_view> host, const Service& service,
                                 const AddrInfoOptions& options, const LookupNotice& notice) {
    if (host) require_host(*host);
    auto lookup = std::make_shared<Lookup::State>();
    if (host) lookup->host = *host;
    lookup->service = service;
    lookup->options = options;
    lookup->notice = notice;
    std::lock_guard lock(state_->mutex);
    std::erase_if(state_->waiting, [](const auto& waiting) { return waiting->is_done(); });  // cancelled meanwhile
    if (state_->waiting.size() >= state_->options.queue + state_->idle)
        throw BlockingIOError(EAGAIN,
                              "getaddrinfo: " + std::to_string(state_->options.queue) + " look-ups wait already");
    if (state_->idle <= state_->waiting.size() && state_->threads < state_->options.threads) {
        std::thread([state = state_] { state->work(); }).detach();
        ++state_->threads;
    }
    state_->waiting.push_back(lookup);
    state_->wanted.notify_one();
    return Lookup(std::move(lookup));
}

}  // namespace bight::socket

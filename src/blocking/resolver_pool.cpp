// SPDX-License-Identifier: BSL-1.0
#include <bight/resolver_pool.h>

#include <bight/error.h>

#include "blocking/deadline.h"
#include "blocking/or_raise.h"
#include "sys/threads.h"
#include "values/port.h"

#include <algorithm>
#include <atomic>
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
    enum Phase : std::uint32_t { under_way, giving_notice, over };

    std::optional<std::string> host;
    Service service;
    AddrInfoOptions options;
    LookupNotice notice;

    std::mutex ending;                            // there is one end, by whom ever
    std::atomic<std::uint32_t> phase{under_way};  // what follows changes no more once this is another
    std::thread::id notifier;
    std::vector<AddrInfo> found;
    std::exception_ptr error;
    bool is_cancelled = false;

    bool is_done() const noexcept { return phase.load(std::memory_order_acquire) != under_way; }

    void enter(Phase next) noexcept {
        phase.store(next, std::memory_order_release);
        sys::wake_all(phase);
    }

    /// The notice is called with nothing locked: it may use the look-up, and the pool.
    void finish(std::vector<AddrInfo> answer, std::exception_ptr why) noexcept {
        {
            std::lock_guard lock(ending);
            if (is_done()) return;
            found = std::move(answer);
            error = std::move(why);
            notifier = std::this_thread::get_id();
            enter(notice.call ? giving_notice : over);
        }
        if (!notice.call) return;
        notice.call(notice.context);
        enter(over);
    }

    /// Waits for a notice that is being given, unless that is who asks.
    void cancel() noexcept {
        {
            std::lock_guard lock(ending);
            if (!is_done()) {
                is_cancelled = true;
                enter(over);
            }
        }
        while (phase.load(std::memory_order_acquire) == giving_notice && notifier != std::this_thread::get_id())
            (void)sys::wait_while(phase, giving_notice, std::nullopt);
    }

    Result<void> wait(const Deadline& deadline) {
        while (!is_done()) {
            auto woken = sys::wait_while(phase, under_way, deadline.left());
            if (woken) continue;
            if (woken.error().number() != EINTR) return woken;
            interrupted();
        }
        return {};
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
    if (timeout && *timeout < Duration::zero()) throw ValueError("Timeout value out of range");
    or_raise(state_->wait(Deadline(timeout)), "getaddrinfo");
    if (state_->is_cancelled) throw OSError(ECANCELED, "getaddrinfo");
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
            wanted.wait(lock, [this] { return stopping || !waiting.empty(); });
            if (stopping) return;
            --idle;
            auto lookup = std::move(waiting.front());
            waiting.pop_front();
            running.push_back(lookup);
            lock.unlock();
            if (!lookup->is_done()) lookup->run();
            lock.lock();
            std::erase(running, lookup);
            ++idle;
        }
    }

    /// Each look-up that waits has a thread that will take it at once, or that can be begun, or it has a place to wait.
    bool is_full() const noexcept { return waiting.size() >= options.queue + idle + (options.threads - threads); }

    /// A thread for one more look-up, if there is to be one. Without that the others must do, as long as there are some.
    Result<void> provide_thread(const std::shared_ptr<State>& self) {
        if (idle > waiting.size() || threads == options.threads) return {};
        running.reserve(threads + 1);  // a thread of the pool has nobody to tell that there is no memory
        auto started = sys::start_thread([self] { self->work(); });
        if (!started) return threads > 0 ? Result<void>() : started;
        ++threads;
        ++idle;
        return {};
    }

    const ResolverOptions options;
    std::mutex mutex;
    std::condition_variable wanted;
    std::deque<std::shared_ptr<Lookup::State>> waiting;
    std::vector<std::shared_ptr<Lookup::State>> running;
    std::size_t threads = 0;
    std::size_t idle = 0;  // those that have no look-up, be it that they have only just been begun
    bool stopping = false;
};

ResolverPool::ResolverPool(const ResolverOptions& options) : state_(std::make_shared<State>(options)) {
    if (options.threads == 0) throw ValueError("a resolver pool needs a thread");
}

ResolverPool::~ResolverPool() {
    std::unique_lock lock(state_->mutex);
    state_->stopping = true;
    state_->wanted.notify_all();
    auto end_all = [&](auto& lookups) {
        while (!lookups.empty()) {
            auto lookup = std::move(lookups.back());
            lookups.pop_back();
            lock.unlock();  // cancel() waits for notices
            lookup->cancel();
            lock.lock();
        }
    };
    end_all(state_->waiting);
    end_all(state_->running);
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
    if (state_->stopping) throw OSError(ECANCELED, "getaddrinfo: the pool is being ended");
    std::erase_if(state_->waiting, [](const auto& waiting) { return waiting->is_done(); });  // cancelled meanwhile
    if (state_->is_full())
        throw BlockingIOError(EAGAIN,
                              "getaddrinfo: " + std::to_string(state_->options.queue) + " look-ups wait already");
    // Not raise_os_error(): EAGAIN would be BlockingIOError, that of a full queue.
    if (auto provided = state_->provide_thread(state_); !provided)
        throw OSError(provided.error().number(), "start a thread of the resolver pool");
    state_->waiting.push_back(lookup);
    state_->wanted.notify_one();
    return Lookup(std::move(lookup));
}

}  // namespace bight::socket

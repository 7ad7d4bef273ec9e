// SPDX-License-Identifier: BSL-1.0
#include "asyncio/thread_pool.h"

#include "asyncio/loop_state.h"
#include "sys/threads.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <thread>

namespace bight::asyncio::detail {

struct ThreadPool::State {
    explicit State(Loop& owner) noexcept
        : loop(&owner), most(std::min<std::size_t>(32, std::thread::hardware_concurrency() + std::size_t{4})) {}

    /// The life of a thread.
    void work() noexcept {
        std::unique_lock lock(mutex);
        while (true) {
            wanted.wait(lock, [this] { return !loop || !waiting.empty(); });
            if (!loop) return;
            --idle;
            auto call = std::move(waiting.front());
            waiting.pop_front();
            lock.unlock();
            call->call();
            lock.lock();
            if (loop && call->waiting) loop->post(*std::exchange(call->waiting, nullptr));
            lock.unlock();
            call.reset();  // the arguments may take long to go
            lock.lock();
            ++idle;
        }
    }

    std::mutex mutex;
    std::condition_variable wanted;
    std::deque<std::shared_ptr<ThreadCall>> waiting;
    Loop* loop;  // null when the pool has ended
    const std::size_t most;
    std::size_t threads = 0;
    std::size_t idle = 0;  // those that have no call, be it that they have only just been begun
};

ThreadPool::ThreadPool(Loop& loop) : state_(std::make_shared<State>(loop)) {}

ThreadPool::~ThreadPool() {
    std::deque<std::shared_ptr<ThreadCall>> dropped;
    std::lock_guard lock(state_->mutex);
    state_->loop = nullptr;
    dropped.swap(state_->waiting);
    state_->wanted.notify_all();
}

void ThreadPool::submit(const std::shared_ptr<ThreadCall>& call) {
    std::lock_guard lock(state_->mutex);
    state_->waiting.push_back(call);
    if (state_->idle < state_->waiting.size() && state_->threads < state_->most) {
        auto started = sys::start_thread([state = state_] { state->work(); });
        if (started) {
            ++state_->threads;
            ++state_->idle;
        } else if (state_->threads == 0) {
            state_->waiting.pop_back();
            raise_os_error(started.error(), "start a thread of the loop's pool");
        }
    }
    state_->wanted.notify_one();
}

bool ThreadPool::abandon(const std::shared_ptr<ThreadCall>& call) noexcept {
    std::lock_guard lock(state_->mutex);
    std::erase(state_->waiting, call);
    return std::exchange(call->waiting, nullptr) != nullptr;
}

}  // namespace bight::asyncio::detail

// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/gather.h>

#include <bight/error.h>

#include <algorithm>

namespace bight::asyncio {
namespace detail {

Task<> join_or_first_error(TaskGroup* group) {
    std::exception_ptr first;
    try {
        co_await group->join();
        co_return;
    } catch (const ExceptionGroup& errors) {
        first = errors.exceptions().front();
    }
    std::rethrow_exception(first);
}

// ---- wait(). -----------------------------------------------------------------------------------------------------------

namespace {

bool has_raised(const TaskState& task) noexcept { return task.outcome == TaskState::Outcome::raised; }
bool has_ended(const TaskState& task) noexcept { return task.outcome != TaskState::Outcome::running; }

/// Waits until as many tasks have ended as are wanted.
class EndsWait : QueuedWaiter {
public:
    EndsWait(const std::vector<TaskState*>& tasks, ReturnWhen when) : QueuedWaiter(&end), when_(when) {
        watches_.reserve(tasks.size());
        for (TaskState* task : tasks) watches_.emplace_back(*this, *task);
    }
    ~EndsWait() { forget_all(); }

    bool await_ready() noexcept {
        was_cancelled_ = is_cancelled(*running_loop);
        if (was_cancelled_) return true;
        for (auto& watch : watches_)
            if (has_ended(*watch.task)) count(*watch.task);
        return is_over_ || running_ == 0;
    }
    void await_suspend(detail::TaskCoroutine coroutine) noexcept {
        suspend(coroutine);
        for (auto& watch : watches_)
            if (!has_ended(*watch.task)) watch_for_end(watch);
    }
    void await_resume() const {
        if (was_cancelled_) raise_cancelled();
    }

private:
    struct Watch : TaskWaiter {
        Watch(EndsWait& owner, TaskState& awaited) noexcept : TaskWaiter(awaited), wait(&owner) {
            told = [](TaskWaiter& waiter, const TaskState& ended) noexcept {
                static_cast<Watch&>(waiter).wait->task_ended(ended);
            };
            ++wait->running_;
        }
        EndsWait* wait;
    };

    void count(const TaskState& task) noexcept {
        --running_;
        is_over_ = is_over_ || when_ == ReturnWhen::first_completed ||
                   (when_ == ReturnWhen::first_exception && has_raised(task));
    }
    void task_ended(const TaskState& task) noexcept {
        count(task);
        if (is_over_ || running_ == 0) go_on();
    }
    void go_on() noexcept {
        forget_all();
        running_loop->ready.push(*this);
    }
    void forget_all() noexcept {
        for (auto& watch : watches_) forget_end(watch);
    }
    static void end(Waiter& waiter) noexcept {
        auto& wait = static_cast<EndsWait&>(waiter);
        if (wait.is_over_ || wait.running_ == 0) return;  // its end is on the way already
        wait.was_cancelled_ = wait.is_over_ = true;
        wait.go_on();
    }

    std::vector<Watch> watches_;
    std::size_t running_ = 0;
    ReturnWhen when_;
    bool is_over_ = false;
    bool was_cancelled_ = false;
};

}  // namespace

Task<Waited> wait(std::vector<TaskState*> tasks, WaitOptions options) {
    if (tasks.empty()) throw ValueError("Set of Tasks/Futures is empty.");
    {
        Deadline deadline(options.timeout);
        EndsWait ends(tasks, options.return_when);
        try {
            co_await ends;
        } catch (const Cancelled&) {
            if (!deadline.caught_own()) throw;
        }
    }
    Waited waited;
    for (std::size_t i = 0; i < tasks.size(); ++i) (has_ended(*tasks[i]) ? waited.done : waited.pending).push_back(i);
    co_return waited;
}

// ---- as_completed(). ---------------------------------------------------------------------------------------------------

Completions::Watch::Watch(Completions& owner, TaskState& awaited) noexcept : TaskWaiter(awaited), completions(&owner) {
    told = [](TaskWaiter& waiter, const TaskState&) noexcept {
        auto& watch = static_cast<Watch&>(waiter);
        watch.completions->ended(watch);
    };
}

Completions::Completions(std::vector<TaskState*> tasks) {
    order_.reserve(tasks.size());
    watches_.reserve(tasks.size());
    for (TaskState* task : tasks) {
        auto& watch = watches_.emplace_back(*this, *task);
        if (has_ended(*task))
            order_.push_back(watches_.size() - 1);
        else
            watch_for_end(watch);
    }
}

Completions::~Completions() {
    for (auto& watch : watches_) forget_end(watch);
}

void Completions::ended(Watch& watch) noexcept {
    order_.push_back(static_cast<std::size_t>(&watch - watches_.data()));
    if (waiting_) running_loop->ready.push(*std::exchange(waiting_, nullptr));
}

bool Completions::Next::await_ready() {
    was_cancelled = is_cancelled(*running_loop);
    if (was_cancelled) return true;
    if (completions->waiting_) throw BusyError("as_completed: another task waits for the next one");
    return completions->told_ < completions->order_.size() || completions->told_ == completions->watches_.size();
}

void Completions::Next::await_suspend(detail::TaskCoroutine coroutine) noexcept {
    suspend(coroutine);
    completions->waiting_ = this;
}

void Completions::Next::end(Waiter& waiter) noexcept {
    auto& next = static_cast<Next&>(waiter);
    if (next.completions->waiting_ != &next) return;  // its end is on the way already
    next.completions->waiting_ = nullptr;
    next.was_cancelled = true;
    running_loop->ready.push(next);
}

std::size_t Completions::Next::place() const {
    if (was_cancelled) raise_cancelled();
    auto& all = *completions;
    return all.told_ < all.order_.size() ? all.order_[all.told_++] : none;
}

}  // namespace detail
}  // namespace bight::asyncio

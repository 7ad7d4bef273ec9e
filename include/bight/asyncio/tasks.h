// SPDX-License-Identifier: BSL-1.0
/// Tasks of whatever result, as whoever watches a loop sees them: current_task(), all_tasks().
#pragma once

#include <bight/asyncio/task_state.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bight::asyncio {

/// A task, without its result. Keeping it changes nothing for the task but that its outermost frame, and so its arguments,
/// are kept.
class AnyTask {
public:
    explicit AnyTask(detail::TaskState& task) noexcept : task_(&task) { detail::hold(task); }
    AnyTask(const AnyTask& other) noexcept : AnyTask(*other.task_) {}
    AnyTask& operator=(const AnyTask& other) noexcept {
        AnyTask copy(other);
        std::swap(task_, copy.task_);
        return *this;
    }
    ~AnyTask() { detail::release(task_); }

    /// As TaskHandle::cancel().
    void cancel() noexcept { detail::cancel(*task_); }
    bool done() const noexcept { return task_->outcome != detail::TaskState::Outcome::running; }
    bool cancelled() const noexcept { return task_->outcome == detail::TaskState::Outcome::cancelled; }

    std::string get_name() const { return detail::name_of(*task_); }
    void set_name(std::string_view name) { detail::set_name(*task_, name); }

    /// The tasks of a loop are numbered from 1 on, in the order in which they were begun.
    std::uint64_t id() const noexcept { return task_->id; }

    friend bool operator==(const AnyTask& a, const AnyTask& b) noexcept { return a.task_ == b.task_; }

private:
    detail::TaskState* task_;
};

/// The task that runs; unset in a callback. Raises RuntimeError where no loop runs.
std::optional<AnyTask> current_task();

/// The tasks of the running loop that have not ended, in the order in which they were begun. Raises RuntimeError where none
/// runs.
std::vector<AnyTask> all_tasks();

/// The same as text, a line each, with what it waits for; below each those that it has begun in a group or a server. Of
/// more than 10000 tasks it tells how many were left out.
/// `bight ps` shows it of another process, where LoopOptions::observable is set or BIGHT_PS=1 is in the environment.
std::string task_tree();

}  // namespace bight::asyncio

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/task_state.h>

namespace bight::asyncio::detail {

struct Loop;

/// What the loop does with tasks.
struct TaskAccess {
    /// The outermost frame has run to its end, in this resumption.
    static bool has_ended(const TaskState& task) noexcept { return task.frame.done(); }

    /// Tells its set and those who wait; then it may be gone.
    static void finish(TaskState& task) noexcept;

    /// After a step: it has ended, or waits.
    static void leave(TaskState& task) noexcept {
        if (has_ended(task)) return finish(task);
        if (!task.place.leaf) [[unlikely]]
            report_lost(task);
    }

    /// It waits for what the loop knows nothing of.
    static void report_lost(const TaskState& task) noexcept;

    static void begin(TaskState& task) noexcept;
    static void add(LoopCore& loop, TaskSet& set, TaskState& task) noexcept;
    static void remove(TaskState& task) noexcept;
    static void cancel_all(Loop& loop) noexcept;

    /// The number of the task that began the first of them; 0 for none.
    static std::uint64_t owner(const TaskSet& set) noexcept { return set.owner_; }

    /// The loop whose tasks are in it, if there are any.
    static LoopCore& loop(const TaskSet& set) noexcept { return *set.loop_; }

    /// Of the sets of a loop that have tasks, the one behind this one.
    static TaskSet* next(const TaskSet& set) noexcept { return set.next_; }

    /// Works out what the next wait is to see, and ends the present one if it must.
    static void reconsider(TaskState& task) noexcept;
};

}  // namespace bight::asyncio::detail

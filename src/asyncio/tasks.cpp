// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/tasks.h>

#include "asyncio/loop_state.h"
#include "asyncio/task_access.h"

#include <algorithm>

namespace bight::asyncio {

std::optional<AnyTask> current_task() {
    detail::TaskState* task = detail::loop_core().current;
    return task ? std::optional<AnyTask>(*task) : std::nullopt;
}

std::vector<AnyTask> all_tasks() {
    std::vector<AnyTask> all;
    for (detail::TaskSet* set = detail::Loop::running().sets; set; set = detail::TaskAccess::next(*set))
        for (detail::TaskState* task = set->first(); task; task = task->next_in_set) all.emplace_back(*task);
    std::ranges::sort(all, {}, &AnyTask::id);
    return all;
}

}  // namespace bight::asyncio

// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/readiness.h>
#include <bight/asyncio/signals.h>
#include <bight/asyncio/subprocess.h>
#include <bight/asyncio/task_group.h>
#include <bight/asyncio/tasks.h>
#include <bight/asyncio/timeouts.h>
#include <bight/printable.h>

#include "asyncio/loop_state.h"
#include "asyncio/task_access.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace bight::asyncio {
namespace {

using detail::TaskState;
using engine::Verb;

std::string_view name_of(Verb verb) noexcept {
    switch (verb) {
        case Verb::receive:
        case Verb::receive_more:
        case Verb::receive_into: return "read";
        case Verb::receive_fds: return "recv_fds";
        case Verb::send_fds: return "send_fds";
        case Verb::send: return "write";
        case Verb::accept: return "accept";
        case Verb::connect: return "connect";
        case Verb::receive_from: return "recvfrom";
        case Verb::send_to: return "sendto";
        case Verb::receive_train: return "recv_train";
        case Verb::send_train: return "send_train";
        case Verb::readable: return "readable";
        case Verb::writable: return "writable";
    }
    return "";
}

/// Of one that waits: the channel of one that is done may have gone, or have been closed.
std::string text_of(const engine::Operation& operation) {
    std::string text(name_of(operation.verb));
    engine::Channel& channel = *operation.channel;
    auto where = operation.verb == Verb::accept ? channel.local() : channel.peer();
    bool sends = operation.verb == Verb::send_to || operation.verb == Verb::send_train;
    if (operation.verb == Verb::connect || (sends && operation.address))
        text += " " + printable(operation.address->to_string());
    else if (where && where->family() != Family::unspecified)
        text += " " + printable(where->to_string());
    else if (channel.fileno() >= 0)
        text += " descriptor " + std::to_string(channel.fileno());
    return text;
}

std::string label_of(const TaskState& task) {
    std::string number = "Task-" + std::to_string(task.id);
    std::string name = detail::name_of(task);
    return name != number ? number + " " + printable(name) : number;
}

/// What it waits for.
std::string wait_of(const TaskState& task, const detail::Loop& loop) {
    if (!task.begun) return "about to begin";
    if (!task.leaf()) return &task == loop.current ? "running" : "about to go on";
    const detail::Waiter& waiter = *task.leaf();
    if (auto* wait = detail::ChannelWait::of(waiter)) return wait->is_waiting() ? text_of(*wait) : "about to go on";
    if (auto* wait = detail::TaskWaiter::of(waiter))
        return wait->task ? label_of(*wait->task) : "a task that has ended";
    if (auto* wait = detail::Sleep::of(waiter)) {
        std::chrono::duration<double> left = wait->ends() - loop.engine->now();
        auto milliseconds = static_cast<long long>(std::max(left.count(), 0.0) * 1000);
        return "sleep, " + std::to_string(milliseconds) + " ms more";
    }
    if (TaskGroup::is_join(waiter)) return "the tasks of its group";
    if (waiter.is_cancelled_by(&detail::ReadyWait::end_wait)) {
        auto& wait = static_cast<const detail::ReadyWait&>(waiter);
        return (wait.side == detail::Side::reading ? "readable descriptor " : "writable descriptor ") +
               std::to_string(wait.fd);
    }
    if (waiter.is_cancelled_by(&Process::Wait::end_wait)) return "the end of a child";
    if (waiter.is_cancelled_by(&SignalReceiver::Wait::end_wait)) return "a signal";
    return "something of this process";
}

// More than that nobody reads, and the loop stands still meanwhile. No line is set further in than so many levels.
constexpr std::size_t most_lines = 10000;
constexpr std::size_t most_levels = 64;

class Tree {
public:
    explicit Tree(const detail::Loop& loop) : loop_(loop) {
        std::map<std::uint64_t, bool> alive;
        for (auto* set = loop.sets; set; set = detail::TaskAccess::next(*set))
            for (auto* task = set->first(); task; task = task->next_in_set) alive[task->id] = true;
        for (auto* set = loop.sets; set; set = detail::TaskAccess::next(*set)) {
            std::uint64_t owner = set == &loop.root ? 0 : detail::TaskAccess::owner(*set);
            if (!alive.contains(owner)) owner = 0;
            for (auto* task = set->first(); task; task = task->next_in_set) children_[owner].push_back(task);
        }
        for (auto& [owner, tasks] : children_) std::ranges::sort(tasks, std::ranges::greater(), &TaskState::id);
        count_ = alive.size();
    }

    std::string text() {
        std::string text;
        std::size_t lines = 0;
        for (put_children(0, 0); !next_.empty(); ++lines) {
            if (lines == most_lines) return text + "and " + std::to_string(count_ - lines) + " more\n";
            auto [task, level] = next_.back();
            next_.pop_back();
            text += std::string(2 * level, ' ') + label_of(*task) + ": " + wait_of(*task, loop_) +
                    (task->cancel_requested ? " (cancelled)\n" : "\n");
            put_children(task->id, std::min(level + 1, most_levels));
        }
        return text;
    }

private:
    struct Place {
        TaskState* task;
        std::size_t level;
    };

    void put_children(std::uint64_t owner, std::size_t level) {
        auto found = children_.find(owner);
        if (found == children_.end()) return;
        for (TaskState* task : found->second) next_.push_back({task, level});
        children_.erase(found);  // so that no task comes twice, whatever the numbers say
    }

    const detail::Loop& loop_;
    std::map<std::uint64_t, std::vector<TaskState*>> children_;  // those with the highest numbers first
    std::vector<Place> next_;                                    // the last one comes first
    std::size_t count_ = 0;
};

}  // namespace

std::string task_tree() { return Tree(detail::Loop::running()).text(); }

}  // namespace bight::asyncio

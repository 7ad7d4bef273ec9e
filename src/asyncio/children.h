// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/wait_list.h>
#include <bight/file_descriptor.h>

#include <list>
#include <memory>
#include <optional>

namespace bight::asyncio::detail {

struct Loop;
class Children;

/// A process that the loop has begun and is to collect.
struct Child {
    Children* all = nullptr;
    int pid = -1;
    FileDescriptor pidfd;  // until it has ended
    std::optional<int> returncode;
    WaitList waiting;
    bool has_process = true;  // somebody holds it
    std::list<std::unique_ptr<Child>>::iterator place;
};

/// The children of a loop.
class Children {
public:
    explicit Children(Loop& loop) noexcept : loop_(loop) {}
    ~Children();
    Children(const Children&) = delete;
    Children& operator=(const Children&) = delete;

    /// A child that has just been begun. Kills it where this raises.
    Child& add(int pid);

    /// Nobody holds it any more: killed, if it runs.
    void abandon(Child& child) noexcept;

    /// Before the loop ends: collects those that were killed.
    void close() noexcept;

private:
    void ended(Child& child) noexcept;

    Loop& loop_;
    std::list<std::unique_ptr<Child>> all_;
};

}  // namespace bight::asyncio::detail

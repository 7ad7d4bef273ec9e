// SPDX-License-Identifier: BSL-1.0
#include <bight/select.h>

#include <bight/error.h>

#include "blocking/fd_sets.h"
#include "blocking/insist_on_waiting.h"

#include <algorithm>

namespace bight {

void FdSet::add(int fd) {
    if (fd < 0) throw ValueError("file descriptor cannot be a negative integer (" + std::to_string(fd) + ")");
    if (fd >= FD_SETSIZE)
        throw ValueError("file descriptor " + std::to_string(fd) +
                         " is out of range in select(), which takes those below " + std::to_string(FD_SETSIZE) +
                         "; poll and epoll take any");
    FD_SET(fd, &bits_);
}

namespace select {
namespace {

int fill(FdSet& set, std::span<const FileLike> files) {
    int count = 0;
    for (const auto& file : files) {
        set.add(file.fileno());
        if (file.fileno() >= count) count = file.fileno() + 1;
    }
    return count;
}

void append_ready(std::vector<int>& ready, const FdSet& set, std::span<const FileLike> files) {
    for (const auto& file : files)
        if (set.has(file.fileno())) ready.push_back(file.fileno());
}

}  // namespace

void select_into(Selected& ready, std::span<const FileLike> readers, std::span<const FileLike> writers,
                 std::span<const FileLike> exceptional, Timeout timeout) {
    for (auto* list : {&ready.readable, &ready.writable, &ready.exceptional}) list->clear();
    if (timeout && *timeout < Duration::zero()) throw ValueError("timeout must be non-negative");
    FdSet wanted[3], sets[3];
    int count = fill(wanted[0], readers);
    count = std::max(count, fill(wanted[1], writers));
    count = std::max(count, fill(wanted[2], exceptional));
    auto attempt = [&](const Timeout& left) {
        std::ranges::copy(wanted, sets);  // select(2) writes over them
        return sys::select(count, sets[0].get(), sets[1].get(), sets[2].get(), left);
    };
    if (insist_on_waiting("select", timeout, deadline_of(timeout), attempt, [] {}) == 0) return;
    append_ready(ready.readable, sets[0], readers);
    append_ready(ready.writable, sets[1], writers);
    append_ready(ready.exceptional, sets[2], exceptional);
}

Selected select(const std::vector<FileLike>& readers, const std::vector<FileLike>& writers,
                const std::vector<FileLike>& exceptional, Timeout timeout) {
    Selected ready;
    select_into(ready, readers, writers, exceptional, timeout);
    return ready;
}

}  // namespace select
}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#include <bight/select.h>

#include <bight/error.h>

#include "blocking/deadline.h"
#include "blocking/fd_sets.h"

#include <cerrno>

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

int fill(FdSet& set, const std::vector<FileLike>& files) {
    int count = 0;
    for (const auto& file : files) {
        set.add(file.fileno());
        if (file.fileno() >= count) count = file.fileno() + 1;
    }
    return count;
}

std::vector<int> ready_of(const FdSet& set, const std::vector<FileLike>& files) {
    std::vector<int> ready;
    for (const auto& file : files)
        if (set.has(file.fileno())) ready.push_back(file.fileno());
    return ready;
}

}  // namespace

Selected select(const std::vector<FileLike>& readers, const std::vector<FileLike>& writers,
                const std::vector<FileLike>& exceptional, Timeout timeout) {
    if (timeout && *timeout < Duration::zero()) throw ValueError("timeout must be non-negative");
    FdSet wanted[3];
    int count = fill(wanted[0], readers);
    count = std::max(count, fill(wanted[1], writers));
    count = std::max(count, fill(wanted[2], exceptional));
    Deadline deadline(timeout);
    while (true) {
        FdSet sets[3] = {wanted[0], wanted[1], wanted[2]};  // select(2) writes over them
        auto ready = sys::select(count, sets[0].get(), sets[1].get(), sets[2].get(), deadline.left());
        if (ready && *ready == 0) return {};
        if (ready) return {ready_of(sets[0], readers), ready_of(sets[1], writers), ready_of(sets[2], exceptional)};
        if (ready.error().number() != EINTR) raise_os_error(ready.error(), "select");
        interrupted();
    }
}

}  // namespace select
}  // namespace bight

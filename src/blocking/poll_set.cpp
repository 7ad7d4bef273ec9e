// SPDX-License-Identifier: BSL-1.0
#include "blocking/poll_set.h"

namespace bight {

void PollSet::set(int fd, short events) {
    if (change(fd, events)) return;
    row_.push_back({-1, events, 0});  // a gap, if there is no memory for its place
    places_.emplace(fd, row_.size() - 1);
    row_.back().fd = fd;
}

bool PollSet::change(int fd, short events) noexcept {
    auto found = places_.find(fd);
    if (found == places_.end()) return false;
    row_[found->second].events = events;
    return true;
}

bool PollSet::remove(int fd) noexcept {
    auto found = places_.find(fd);
    if (found == places_.end()) return false;
    row_[found->second] = {-1, 0, 0};
    places_.erase(found);
    if (row_.size() > 2 * places_.size()) close_gaps();
    return true;
}

void PollSet::close_gaps() noexcept {
    std::size_t filled = 0;
    for (const pollfd& entry : row_)
        if (entry.fd >= 0) {
            places_.find(entry.fd)->second = filled;
            row_[filled++] = entry;
        }
    row_.resize(filled);
}

}  // namespace bight

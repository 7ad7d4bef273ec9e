// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/time.h>

#include <concepts>
#include <initializer_list>
#include <vector>

namespace bight {

/// Anything with a descriptor: an int, or an object that has a fileno(). Where the descriptor is gone, an object is
/// still known by where it stands.
class FileLike {
public:
    constexpr FileLike(int fd) noexcept : fd_(fd) {}

    template <class Object>
        requires requires(const Object& object) {
            { object.fileno() } -> std::convertible_to<int>;
        }
    FileLike(const Object& object) noexcept(noexcept(object.fileno()))
        : fd_(object.fileno()), object_(static_cast<const void*>(&object)) {}

    constexpr int fileno() const noexcept { return fd_; }

    /// Null for a plain descriptor.
    constexpr const void* object() const noexcept { return object_; }

private:
    int fd_;
    const void* object_ = nullptr;
};

namespace select {

/// The descriptors of each list that are ready, in the order of the lists.
struct Selected {
    std::vector<int> readable;
    std::vector<int> writable;
    std::vector<int> exceptional;
};

/// Waits until one is ready, or the limit has passed: then all three are empty. See select(2).
/// Raises ValueError for a descriptor that is negative, or FD_SETSIZE (1024) or above: poll and epoll take those.
Selected select(const std::vector<FileLike>& readers, const std::vector<FileLike>& writers,
                const std::vector<FileLike>& exceptional, Timeout timeout = {});

}  // namespace select
}  // namespace bight

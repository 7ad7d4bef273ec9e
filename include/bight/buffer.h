// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/bytes.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace bight {

/// Bytes that were received, with the memory they stand in.
///
/// The memory is lent: destroying the Buffer gives it back to where it came from, by default to a small store of the
/// thread that destroys it, from which the next recv() takes it again. Movable, not copied by accident: say copy().
class Buffer {
public:
    /// Gives `memory`, of `capacity` bytes, back to its owner.
    using Release = void (*)(void* owner, std::byte* memory, std::size_t capacity) noexcept;

    Buffer() noexcept = default;

    /// An empty buffer with room for `capacity` bytes, from this thread's store.
    /// Raises ValueError where that is more than any object can have, std::bad_alloc where memory has run out.
    static Buffer with_capacity(std::size_t capacity);

    static Buffer copy_of(Bytes bytes);

    /// Takes charge of memory that somebody else lends; `release` is called once, with `owner`.
    Buffer(std::byte* memory, std::size_t size, std::size_t capacity, Release release, void* owner) noexcept
        : data_(memory), size_(size), capacity_(capacity), release_(release), owner_(owner) {}

    Buffer(Buffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)),
          release_(std::exchange(other.release_, nullptr)),
          owner_(std::exchange(other.owner_, nullptr)) {}

    Buffer& operator=(Buffer&& other) noexcept {
        Buffer(std::move(other)).swap(*this);
        return *this;
    }

    ~Buffer() {
        if (release_) release_(owner_, data_, capacity_);
    }

    const std::byte* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    std::size_t capacity() const noexcept { return capacity_; }
    bool empty() const noexcept { return size_ == 0; }
    explicit operator bool() const noexcept { return size_ != 0; }

    const std::byte* begin() const noexcept { return data_; }
    const std::byte* end() const noexcept { return data_ + size_; }
    std::byte operator[](std::size_t index) const noexcept { return data_[index]; }

    Bytes bytes() const noexcept { return {data_, size_}; }
    std::string_view view() const noexcept { return bytes().view(); }
    std::string to_string() const { return std::string(view()); }
    Buffer copy() const { return copy_of(bytes()); }

    // ---- Filling one. ------------------------------------------------------------------------------------------------

    /// All of the memory, whatever is in it.
    MutableBytes room() noexcept { return {data_, capacity_}; }

    /// Says that the first `size` bytes of room() are meant; at most capacity().
    void resize(std::size_t size) noexcept { size_ = size < capacity_ ? size : capacity_; }

    void swap(Buffer& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        std::swap(release_, other.release_);
        std::swap(owner_, other.owner_);
    }

    friend bool operator==(const Buffer& a, Bytes b) noexcept { return a.bytes() == b; }
    friend bool operator==(const Buffer& a, const Buffer& b) noexcept { return a.bytes() == b.bytes(); }

private:
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
    Release release_ = nullptr;  // null: nothing to give back
    void* owner_ = nullptr;
};

}  // namespace bight

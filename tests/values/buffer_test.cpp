// SPDX-License-Identifier: BSL-1.0
#include <bight/buffer.h>

#include <bight/error.h>

#include <gtest/gtest.h>

#include "values/sanitizer.h"

#include <thread>
#include <vector>

namespace bight {
namespace {

TEST(Buffer, gives_back_what_was_lent_exactly_once) {
    struct Count {
        static void release(void* owner, std::byte*, std::size_t) noexcept { ++*static_cast<int*>(owner); }
    };
    int returned = 0;
    std::byte memory[4];
    {
        Buffer lent(memory, 2, 4, &Count::release, &returned);
        Buffer moved = std::move(lent);
        Buffer target;
        target = std::move(moved);
        EXPECT_EQ(target.size(), 2u);
        EXPECT_EQ(returned, 0);
        target = Buffer();
        EXPECT_EQ(returned, 1);
    }
    EXPECT_EQ(returned, 1);
}

/// But not where a use of memory that is free would not be seen then.
TEST(Buffer, memory_is_used_again) {
    const std::byte* first = nullptr;
    {
        auto buffer = Buffer::with_capacity(4096);
        first = buffer.data();
    }
    EXPECT_EQ(Buffer::with_capacity(4000).data() == first, !detail::hides_free_memory);
}

TEST(Buffer, has_at_least_the_room_that_was_asked_for) {
    for (std::size_t size : {0u, 1u, 63u, 64u, 65u, 4095u, 4096u, 4097u, 65535u, 65536u, 65537u, 1u << 20}) {
        auto buffer = Buffer::with_capacity(size);
        EXPECT_GE(buffer.capacity(), size);
        EXPECT_TRUE(buffer.empty());
        for (auto& byte : buffer.room()) byte = std::byte{1};
        buffer.resize(size);
        EXPECT_EQ(buffer.size(), size);
    }
}

TEST(Buffer, resize_never_passes_the_end) {
    auto buffer = Buffer::with_capacity(10);
    buffer.resize(1 << 20);
    EXPECT_EQ(buffer.size(), buffer.capacity());
}

TEST(Buffer, a_negative_size_is_refused) {
    EXPECT_THROW(Buffer::with_capacity(static_cast<std::size_t>(-1)), ValueError);
}

TEST(Buffer, may_be_given_back_by_another_thread) {
    for (int round = 0; round < 20; ++round) {
        std::vector<Buffer> buffers;
        for (int i = 0; i < 20; ++i) buffers.push_back(Buffer::with_capacity(1000));
        std::thread([held = std::move(buffers)] {}).join();
    }
}

TEST(Buffer, converts_to_bytes_and_compares) {
    auto buffer = Buffer::copy_of("hello");
    Bytes view = buffer;
    EXPECT_EQ(view, "hello");
    EXPECT_TRUE(buffer == "hello");
    EXPECT_EQ(buffer.to_string(), "hello");
    EXPECT_TRUE(buffer == buffer.copy());
    EXPECT_FALSE(Buffer());
}

}  // namespace
}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/bytes.h>

#include "values/cmsg_layout.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace bight::engine {

/// UDP_SEGMENT, as it goes with a message that is a train: how long each of its datagrams is. In the frame that sends.
class SegmentSize {
public:
    SegmentSize() noexcept : SegmentSize(0) {}
    explicit SegmentSize(std::uint16_t size) noexcept {
        put(0, cmsg::header + sizeof size);
        put(cmsg::level, cmsg::udp);
        put(cmsg::type, cmsg::udp_segment);
        put(cmsg::header, size);
    }

    Bytes bytes() const noexcept { return {item_.data(), item_.size()}; }

private:
    template <class Field>
    void put(std::size_t place, Field field) noexcept {
        std::memcpy(item_.data() + place, &field, sizeof field);
    }

    alignas(cmsg::alignment) std::array<std::byte, cmsg::header + cmsg::alignment> item_{};
};

}  // namespace bight::engine

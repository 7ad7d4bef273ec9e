// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>

#include <cstring>

namespace bight {

/// The library's way into an Address' bytes: for what makes one, and for the kernel that fills one.
struct AddressAccess {
    static std::byte* memory(Address& address) noexcept { return address.storage_.data(); }
    static void filled(Address& address, std::size_t size) noexcept {
        address.size_ = static_cast<std::uint32_t>(size < Address::max_size ? size : Address::max_size);
    }

    /// All zero but the family, with `size` bytes meant.
    static std::byte* reset(Address& address, Family family, std::size_t size) noexcept {
        address.storage_.fill(std::byte{});
        auto number = static_cast<std::uint16_t>(family.value);
        std::memcpy(address.storage_.data(), &number, sizeof number);
        filled(address, size);
        return address.storage_.data();
    }
};

}  // namespace bight

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>

#include "values/address_access.h"

#include <sys/socket.h>

namespace bight::sys {

inline const ::sockaddr* sockaddr_of(const Address& address) noexcept {
    return reinterpret_cast<const ::sockaddr*>(address.sockaddr().data());
}
inline socklen_t size_of(const Address& address) noexcept { return static_cast<socklen_t>(address.sockaddr().size()); }

/// An Address for the kernel to fill: pass data() and size(), then done() makes it good.
class AddressRoom {
public:
    explicit AddressRoom(Address& address) noexcept : address_(address) { AddressAccess::filled(address_, 0); }

    ::sockaddr* data() noexcept { return reinterpret_cast<::sockaddr*>(AddressAccess::memory(address_)); }
    socklen_t* size() noexcept { return &size_; }
    void done() noexcept { AddressAccess::filled(address_, size_); }

private:
    Address& address_;
    socklen_t size_ = Address::max_size;
};

}  // namespace bight::sys

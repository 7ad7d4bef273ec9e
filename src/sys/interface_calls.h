// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/error.h>

namespace bight::sys {

/// The number of the interface that has the host of `address`; EADDRNOTAVAIL where none has.
Result<int> interface_with(const Address& address) noexcept;

}  // namespace bight::sys

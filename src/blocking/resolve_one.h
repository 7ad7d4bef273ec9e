// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/family.h>

namespace bight {

/// The first address of `where` for a socket of this family, as Python's bind and connect take it: "" is any address,
/// "<broadcast>" 255.255.255.255. Waits for the resolver only where the host is a name. Raises GaiError.
Address resolve_one(const HostPort& where, Family family);

}  // namespace bight
